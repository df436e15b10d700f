"""The agent: tasks in, episodes out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import tracegraph as tg
from tracegraph.agents.datarus.attempt import Attempt
from tracegraph.agents.datarus.settings import Mode, Settings
from tracegraph.agents.datarus.texts import Texts, fill
from tracegraph.agents.episode import Episode, note_tokenizer, versions
from tracegraph.agents.recorded import recorded
from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from tracegraph.agents.protocol import OnEvent
    from tracegraph.envs.notebook import NotebookEnv, NotebookTask
    from tracegraph.models import LLM

ModeChoice = Literal["auto", "agentic", "reflection", "structured"]
MODES: tuple[ModeChoice, ...] = ("auto", "agentic", "reflection", "structured")

# Models with this in their name know the tags.
_TRAINED = "datarus"
_CHOICE = {
    "title": "choice",
    "type": "object",
    "properties": {"needs": {"type": "string", "enum": ["code", "thinking"]}},
    "required": ["needs"],
    "additionalProperties": False,
}


class Datarus:
    """Analyses data in a notebook.

        agent = Datarus(LLM("local"), lambda task: NotebookEnv(pool))
        episode = await agent.run(NotebookTask("t", "How many rows?", {"a.csv": Path("a.csv")}))

    Each attempt has a notebook of its own, so one agent works on many tasks at a time.

    Args:
        llm: the model.
        env: makes the notebook of an attempt.
        mode: "agentic" (the published tags), "reflection" (thinking only), "structured" (the
            agentic loop in JSON, for models not trained on the tags), or "auto": tags for models
            called Datarus, else JSON; reflection for questions without files that the model
            itself says need no code.
        settings: limits and sampling.
        texts: the prompts, as parameters.
    """

    name = "datarus"

    def __init__(
        self,
        llm: LLM,
        env: Callable[[NotebookTask], NotebookEnv],
        *,
        mode: ModeChoice = "auto",
        settings: Settings | None = None,
        texts: Texts | None = None,
    ) -> None:
        if mode not in MODES:
            raise TracegraphError(f"mode {mode!r} is unknown: use one of {', '.join(MODES)}")
        self.llm = llm
        self.env = env
        self.mode = mode
        self.settings = settings or Settings()
        self.texts = texts or Texts()

    async def run(
        self, task: NotebookTask, *, seed: int = 0, on_event: OnEvent | None = None
    ) -> Episode:
        """Work on a task to its end.

        ``on_event`` is told "start", "look", "thought", "code", "output", "figure", "repair" and
        "answer". Without a judge in the task, an answer counts as a success without a reward.

        Raises:
            EnvError, EvalError: the notebook or the judge broke.
            BudgetExceeded: the budget is used up.
            RequestError: the model cannot be reached.
        """
        tell = on_event or (lambda kind, told: None)
        episode = Episode(self.name, "notebook", task.id, seed=seed)
        episode.policy = {"model": self.llm.model} | versions(self.texts.values)
        env = self.env(task)
        try:
            with recorded():
                mode = await self._choose(task)
                episode.extra |= {"mode": mode, "settings": asdict(self.settings)}
                tell("start", {"task": task.id, "question": task.question, "mode": mode})
                attempt = Attempt(
                    self.llm, env, task, self.texts, self.settings, mode, episode, tell
                )
                episode.answer = await attempt.run()
            episode.extra["ended"] = attempt.ended
            await note_tokenizer(episode, self.llm)
            await self._conclude(env, task, episode, attempt.ended, tell)
            episode.finished = time.time()
        finally:
            await env.close()
        return episode

    async def _conclude(
        self, env: NotebookEnv, task: NotebookTask, episode: Episode, ended: str, tell: OnEvent
    ) -> None:
        from tracegraph.envs.notebook import Answer

        if not episode.answer:
            episode.outcome = {"malformed": "format_error", "tokens": "budget"}.get(  # type: ignore[assignment]
                ended, "failure"
            )
            episode.feedback = f"There was no answer: {_WHY.get(ended, ended)}."
            episode.reward = None if task.judge is None else 0.0
            return
        thought = str(episode.turns[-1].action.get("thought", ""))
        await env.step(Answer(episode.answer, thought))
        tell("answer", {"text": episode.answer})
        if task.judge is None:
            episode.outcome = "success"
            return
        episode.judge(await env.evaluate())

    async def _choose(self, task: NotebookTask) -> Mode:
        if self.mode != "auto":
            return self.mode
        notebook: Mode = "agentic" if _TRAINED in self.llm.model.lower() else "structured"
        if task.files:
            return notebook
        needs = await choose(self.texts.choose, task.question, self.llm)
        return "reflection" if needs == "thinking" else notebook


_WHY = {
    "steps": "the last cell was run and none came",
    "errors": "too many cells in a row failed",
    "malformed": "the replies did not have the form that was asked for",
    "tokens": "the tokens of the episode were used up",
    "repetition": "the same cell was run again and again",
}


@tg.bundle
async def choose(template: str, question: str, llm: LLM) -> str:
    """Say whether a question needs "code" or "thinking"."""
    asked: Any = await llm.complete(
        fill(template, question=question), schema=_CHOICE, max_tokens=20, parent="datarus"
    )
    return str((asked.parsed or {}).get("needs", "code"))
