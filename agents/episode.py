"""The record of one run of an agent in an environment; read by OPTO, by training, by people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from tracegraph.envs import Outcome, Score
from tracegraph.models import Completion
from tracegraph.runs import StoredEpisode, version_of

if TYPE_CHECKING:
    from tracegraph.models import LLM


@dataclass(slots=True)
class Turn:
    """One call of the model and what its answer led to; every value is JSON.

    Attributes:
        messages: what was added to the conversation before this answer, in OpenAI form.
        answer: the text of the model, as it came.
        action: what the answer was taken to mean.
        observation: what the environment answered; images as {"blob": hash}.
        seconds: from the question to the observation.
        sampling: temperature, top_p, … of the call.
        prompt_tokens, completion_tokens: as the server counted.
        prompt_token_ids, token_ids, logprobs: as sampled, where the server tells; logprobs are
            those of the behaviour policy at temperature 1, one a token of the answer.
        rewards: of this step, by name.
        notes: repairs and troubles, by kind, with their counts.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    answer: str = ""
    action: Any = None
    observation: Any = None
    seconds: float = 0.0
    sampling: dict[str, Any] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_token_ids: list[int] | None = None
    token_ids: list[int] | None = None
    logprobs: list[float] | None = None
    rewards: dict[str, float] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, messages: list[dict[str, Any]], completion: Completion[Any]) -> Turn:
        """Return a turn that holds what a completion tells."""
        return cls(
            messages=messages,
            answer=completion.text,
            seconds=completion.latency,
            sampling=dict(completion.sampling),
            prompt_tokens=completion.usage.prompt_tokens,
            completion_tokens=completion.usage.completion_tokens,
            prompt_token_ids=completion.prompt_token_ids,
            token_ids=completion.token_ids,
            logprobs=completion.logprobs,
        )


@dataclass(slots=True)
class Episode:
    """One attempt at a task.

    Attributes:
        agent, env: their names.
        task: the task's id.
        policy: what behaved: the model under "model", and each prompt or code version by its
            parameter's name, as a hash of its value (``versions``).
        group: the samples that are compared with each other; ``sample`` is the number in it.
        tokenizer, template: fingerprints of what made tokens of texts, where a server of ours
            told token ids; see `note_tokenizer`.
        answer: the final answer, where there is one.
        rewards: by name, each on its own scale; ``reward`` is the one number that counts.
        feedback: what was wrong, as text.
        error: why the outcome is env_error, eval_error or budget.
        files: what belongs to the episode on disk, by what it is ("notebook", "report").
        extra: what only this agent's readers know, as JSON.
    """

    agent: str
    env: str
    task: str
    outcome: Outcome = "failure"
    seed: int = 0
    turns: list[Turn] = field(default_factory=list)
    policy: dict[str, str] = field(default_factory=dict)
    group: str = ""
    sample: int = 0
    tokenizer: str = ""
    template: str = ""
    answer: str = ""
    reward: float | None = None
    rewards: dict[str, float] = field(default_factory=dict)
    feedback: str = ""
    cost: float = 0.0
    error: str = ""
    files: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.time)
    finished: float = field(default_factory=time.time)

    @property
    def tokens(self) -> int:
        """Tokens of all prompts and answers."""
        return sum(turn.prompt_tokens + turn.completion_tokens for turn in self.turns)

    @property
    def notes(self) -> dict[str, int]:
        """Repairs and troubles of all turns, by kind."""
        total: dict[str, int] = {}
        for turn in self.turns:
            for kind, count in turn.notes.items():
                total[kind] = total.get(kind, 0) + count
        return total

    def judge(self, score: Score, *, least: float = 1.0) -> None:
        """Take over a score: it is a success from `least` on, full marks as a rule."""
        self.reward = score.value
        self.rewards |= dict(score.parts)
        self.feedback = score.feedback
        self.outcome = "success" if score.value >= least else "failure"

    def to_stored(self, run: str, key: str) -> StoredEpisode:
        """Return the row for the run store."""
        row = {name: getattr(self, name) for name in _COLUMNS}
        payload = {k: v for k, v in asdict(self).items() if k not in _COLUMNS}
        return StoredEpisode(run, key, payload=payload, **row)

    @classmethod
    def from_stored(cls, row: StoredEpisode) -> Episode:
        """Return the episode of a row."""
        known = {f.name for f in fields(cls)}
        told = {name: value for name, value in row.payload.items() if name in known}
        told["turns"] = [Turn(**turn) for turn in told.get("turns", [])]
        return cls(**{name: getattr(row, name) for name in _COLUMNS}, **told)


_COLUMNS = ("agent", "env", "outcome", "task", "seed", "reward", "started", "finished")


async def note_tokenizer(episode: Episode, llm: LLM) -> None:
    """Note which tokenizer and chat template made the token ids of an episode, if it has any."""
    from tracegraph.models.served import ServedTransport

    if not any(turn.token_ids for turn in episode.turns):
        return
    if not isinstance(llm.transport, ServedTransport):
        return
    if (found := await llm.transport.fingerprints()) is not None:
        episode.tokenizer, episode.template = found


def versions(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return a short hash of each value, by name: what a policy consists of besides weights."""
    return {name: version_of(value) for name, value in parameters.items()}
