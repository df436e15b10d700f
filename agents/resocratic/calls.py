"""The model calls of one attempt, each kept as a turn of its episode."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tracegraph.agents.episode import Turn
from tracegraph.models import LLM


@dataclass(slots=True)
class Calls:
    """Asks a model on behalf of an attempt.

    Attributes:
        llm: the model.
        seed: what the seeds of the calls are made from: the same attempt asks the same again,
            in whatever order its answers come, and a repeated question differs.
        temperature: of every call.
        turns: what was asked and answered.
    """

    llm: LLM
    seed: int = 0
    temperature: float = 0.8
    turns: list[Turn] = field(default_factory=list)
    _asked: Counter[str] = field(default_factory=Counter)

    async def ask(
        self, stage: str, prompt: str, told: str, *, schema: dict[str, Any] | None = None,
        max_tokens: int = 400,
    ) -> Any:  # fmt: skip
        """Return the answer, read by the schema where there is one.

        Raises:
            SchemaError: the answer does not fit the schema.
        """
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": told}]
        self._asked[told] += 1
        own = hashlib.sha256(f"{self.seed} {stage} {self._asked[told]} {told}".encode())
        done = await self.llm.complete(
            messages, schema=schema, temperature=self.temperature,
            seed=int(own.hexdigest()[:7], 16), max_tokens=max_tokens, parent=stage,
        )  # fmt: skip
        turn = Turn.of(messages, done)
        turn.action = stage
        self.turns.append(turn)
        return done.text if schema is None else done.parsed

    @property
    def tokens(self) -> int:
        """Tokens of all calls so far."""
        return sum(turn.prompt_tokens + turn.completion_tokens for turn in self.turns)

    def __repr__(self) -> str:
        return f"Calls({self.llm.model!r})"
