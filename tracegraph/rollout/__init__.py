"""Many episodes: side by side, each counted once, failures of machines tried again."""

from tracegraph.rollout.pool import Work, rollout

__all__ = ["Work", "rollout"]
