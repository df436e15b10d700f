"""Bridges to trainers of other packages: their sampler, our episodes, their loss."""

from tracegraph.policy.play import Ask, Play, one_sequence

__all__ = ["Ask", "Play", "one_sequence"]
