"""Rewards of an episode: numbers for training, feedback for OPTO.

Datarus-R1 (arXiv 2508.13382) was trained with a light reward for the tags and a hierarchical
reward model; a cosine curriculum moves the weight from the one to the other. Its weights are not
published: these are explicit, in `Curriculum`.
"""

from tracegraph.agents.datarus.rewards.curriculum import Curriculum
from tracegraph.agents.datarus.rewards.feedback import to_feedback
from tracegraph.agents.datarus.rewards.hierarchy import Hierarchy, judge_episode
from tracegraph.agents.datarus.rewards.structure import correctness, structure

__all__ = ["structure", "correctness", "judge_episode", "Hierarchy", "Curriculum", "to_feedback"]
