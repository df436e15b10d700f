"""ARPO's rollouts: groups of episodes a task, rewards, replay of successes, choice of tasks.

Source: dvlab-research/ARPO, as its published code behaves where paper and code differ. All of it
is pure, so that a trainer, an optimizer of prompts and a test use the same functions.
"""

from tracegraph.agents.groups import Group, advantages, group_by_task
from tracegraph.agents.gui.arpo.feedback import contrast
from tracegraph.agents.gui.arpo.rewards import CODE_WEIGHT, PAPER_WEIGHT, reward
from tracegraph.agents.gui.arpo.selection import pass_at_k, select_tasks
from tracegraph.agents.replay import Kept, ReplayBuffer, ReplayRule

__all__ = [
    "Group", "group_by_task", "advantages",
    "reward", "CODE_WEIGHT", "PAPER_WEIGHT",
    "ReplayBuffer", "ReplayRule", "Kept",
    "pass_at_k", "select_tasks",
    "contrast",
]  # fmt: skip
