"""The class that lmms-eval makes; imported by it only."""

from __future__ import annotations

from typing import Any

from lmms_eval.api.model import lmms

from tracegraph.agents.tspo.encoders import make_encoder
from tracegraph.agents.tspo.lmms import ChosenFrames
from tracegraph.agents.tspo.selectors import load, make_selector
from tracegraph.envs.video.answering import ImageAnswerer
from tracegraph.models import LLM


class TspoForLmmsEval(lmms):  # type: ignore[misc]
    """Chooses frames of the video of each question, and asks a model about them.

    Args:
        model: as tracegraph names models.
        encoder: see `make_encoder`; that of the head by default.
        head: trained weights; empty for selectors without.
        selector: by its name.
        frames: how many are chosen.
        step_s: seconds between candidates.
    """

    is_simple = False

    def __init__(
        self,
        model: str,
        encoder: str = "",
        head: str = "",
        selector: str = "tspo",
        frames: int = 64,
        step_s: float = 1.0,
        **_given: Any,
    ) -> None:
        super().__init__()
        weights, trained_for = load(head) if head else (None, "")
        self._chosen = ChosenFrames(
            make_encoder(encoder or trained_for or "handmade"),
            make_selector(selector, weights),
            ImageAnswerer(LLM(model), max_tokens=256),
            frames=int(frames),
            step_s=float(step_s),
        )

    def generate_until(self, requests: list[Any]) -> list[str]:
        """Return one answer a request."""
        answers = []
        for request in requests:
            _, doc_to_messages, _, number, task, split = request.args
            messages = doc_to_messages(self.task_dict[task][split][number])
            answers.append(self._chosen.answer(messages))
        return answers

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """Refuse: answers are generated."""
        raise NotImplementedError("this model generates answers; use tasks of that kind")

    def generate_until_multi_round(self, requests: list[Any]) -> list[str]:
        """Refuse: each question is answered once."""
        raise NotImplementedError("this model answers each question once")
