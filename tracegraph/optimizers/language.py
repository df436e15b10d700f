"""The base of optimizers that ask a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph.optimizers.stepping import Stepping
from tracegraph.optimizers.suggestion import KNOWN_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.models.client import LLM


class LanguageOptimizer(Stepping):
    """An optimizer with a model.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        llm: a client, or a model's name; None is the default model.
        objective: what the workflow is for, in words.
        seed: makes the steps repeatable.
    """

    kinds = KNOWN_KINDS

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        llm: LLM | str | None = None,
        objective: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(parameters, objective=objective, seed=seed)
        self._llm = llm

    @property
    def llm(self) -> LLM:
        """The client of the model."""
        if self._llm is None or isinstance(self._llm, str):
            from tracegraph.models import LLM

            self._llm = LLM(self._llm)
        return self._llm

    @property
    def small(self) -> bool:
        """Whether the model runs here, and so is likely to be a small one."""
        return self.llm.model.startswith(("local", "vllm"))
