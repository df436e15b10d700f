"""Datarus: an agent that analyses data in a notebook.

>>> from tracegraph.agents.datarus import Datarus, Settings
"""

from tracegraph.agents.datarus.agent import MODES, Datarus, ModeChoice
from tracegraph.agents.datarus.settings import Settings
from tracegraph.agents.datarus.texts import Texts

__all__ = ["Datarus", "Settings", "Texts", "ModeChoice", "MODES"]
