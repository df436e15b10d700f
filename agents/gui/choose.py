"""Which brain fits a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tracegraph.agents.gui.text import TextBrain
from tracegraph.agents.gui.texts import Texts
from tracegraph.agents.gui.vision import Counts, UiTars
from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from tracegraph.models import LLM

BrainChoice = Literal["auto", "text", "marks", "uitars"]
BRAINS: tuple[BrainChoice, ...] = ("auto", "text", "marks", "uitars")

_TRAINED = ("ui-tars", "uitars", "arpo")  # in names of models that know the notation
_THOUSANDTHS = ("ui-tars-2b", "ui-tars-7b", "ui-tars-72b", "doubao")  # UI-TARS 1, and hosted ones


def make_brain(
    llm: LLM,
    choice: str = "auto",
    *,
    texts: Texts | None = None,
    temperature: float = 0.0,
    logprobs: bool = False,
) -> TextBrain | UiTars:
    """Return the brain of a choice.

    Args:
        llm: the model.
        choice: "text" reads the accessibility tree, "marks" also a picture with the elements'
            numbers, "uitars" pictures only; "auto" is "uitars" for models called so, else "text".
        texts: the prompts.
        temperature: of the answers.
        logprobs: keep token ids and log-probabilities, for training.

    Raises:
        TracegraphError: there is no such choice.
    """
    if choice not in BRAINS:
        raise TracegraphError(f"there is no brain {choice!r}: use one of {', '.join(BRAINS)}")
    name = llm.model.lower()
    if choice == "uitars" or (choice == "auto" and any(one in name for one in _TRAINED)):
        counts: Counts = "thousand" if any(one in name for one in _THOUSANDTHS) else "resized"
        return UiTars(llm, texts=texts, counts=counts, temperature=temperature, logprobs=logprobs)
    return TextBrain(
        llm, texts=texts, marks=choice == "marks", temperature=temperature, logprobs=logprobs
    )
