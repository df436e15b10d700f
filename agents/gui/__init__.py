"""The GUI agent: works at a desktop, with eyes or by the accessibility tree.

`GuiAgent` runs episodes; a brain decides: `UiTars` from pictures, `TextBrain` from the elements
on the screen, `ScriptedBrain` from a list.
"""

from tracegraph.agents.gui.agent import GuiAgent, Habits
from tracegraph.agents.gui.brain import Brain, Decision, Moment, ScriptedBrain
from tracegraph.agents.gui.text import TextBrain
from tracegraph.agents.gui.texts import Texts
from tracegraph.agents.gui.vision import UiTars

__all__ = [
    "GuiAgent", "Habits", "Brain", "Decision", "Moment", "Texts",
    "TextBrain", "UiTars", "ScriptedBrain",
]  # fmt: skip
