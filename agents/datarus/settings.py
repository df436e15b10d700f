"""How an analysis is to go: limits, sampling, modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# "agentic" and "reflection" are the tags of the published model; "structured" is the agentic
# loop with answers that keep to a JSON schema, for models that were not trained on the tags.
Mode = Literal["agentic", "reflection", "structured"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of an analysis.

    Attributes:
        steps: cells at most; after the last one the model must answer.
        errors: failed cells in a row after which the analysis ends, as published.
        malformed: answers in a row that hold neither a cell nor an answer, before it ends.
        context: tokens of a prompt and its answer together; the embedded model has 4,096 behind
            vLLM, others have more.
        answer_tokens: of one answer of the model, at most.
        tokens: of all prompts and answers of an episode; None for no limit.
        temperature: None is 0.7 with tags, as published, and 0 with a schema.
        retry_temperature: after a failed cell, so that the same mistake is not made again.
        images: figures go to the model as images; else as a summary in words.
        look: load the tables and show their columns before the first question to the model.
    """

    steps: int = 10
    errors: int = 5
    malformed: int = 3
    context: int = 4096
    answer_tokens: int = 1024
    tokens: int | None = None
    temperature: float | None = None
    retry_temperature: float = 0.7
    images: bool = False
    look: bool = True

    def warmth(self, mode: Mode, *, again: bool) -> float:
        """Return the temperature of a call."""
        usual = self.temperature
        if usual is None:
            usual = 0.0 if mode == "structured" else 0.7
        return max(usual, self.retry_temperature) if again else usual
