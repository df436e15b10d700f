"""Many episodes: side by side, each counted once, failures of machines tried again."""

from tracegraph.rollout.engine import Engine, Here
from tracegraph.rollout.on_ray import OnRay
from tracegraph.rollout.pool import rollout
from tracegraph.rollout.segments import Segments, read_segments
from tracegraph.rollout.tokens import Sequence, sequences
from tracegraph.rollout.work import RunEpisode, Work, policy_id, spread

__all__ = [
    "Work", "RunEpisode", "spread", "policy_id", "rollout",
    "Engine", "Here", "OnRay",
    "Segments", "read_segments", "Sequence", "sequences",
]  # fmt: skip
