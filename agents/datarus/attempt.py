"""One attempt at a task: the loop of steps, each stage a node of the graph."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import tracegraph as tg
from tracegraph.agents.datarus import fields
from tracegraph.agents.datarus.cells import Done, Ruler, cut, fitted, remembered
from tracegraph.agents.datarus.dialects import Dialect, Message, Structured, Tagged, Wants
from tracegraph.agents.datarus.figures import keep
from tracegraph.agents.datarus.look import first_cell
from tracegraph.agents.datarus.reading import Move
from tracegraph.agents.datarus.silent import last_set
from tracegraph.agents.datarus.texts import Texts, fill
from tracegraph.agents.episode import Episode, Turn
from tracegraph.models import RequestError, SchemaError

if TYPE_CHECKING:
    from tracegraph.agents.datarus.settings import Mode, Settings
    from tracegraph.agents.protocol import OnEvent
    from tracegraph.envs.notebook import CellOutput, NotebookEnv, NotebookTask
    from tracegraph.models import LLM

_TOO_LONG = (400, 413, 422)
_SMALLER = 0.75
_FILES = 0.35  # of the context, for what is said of the files


class Attempt:
    """Works on one task; fills the turns of an episode as it goes.

    Attributes:
        ended: why it ended: "answered", or the limit that ended it: "steps", "errors", "malformed",
            "tokens".
    """

    def __init__(
        self,
        llm: LLM,
        env: NotebookEnv,
        task: NotebookTask,
        texts: Texts,
        settings: Settings,
        mode: Mode,
        episode: Episode,
        tell: OnEvent,
    ) -> None:
        self.ended = ""
        self._llm, self._env, self._task = llm, env, task
        self._texts, self._settings, self._mode = texts, settings, mode
        self._dialect: Dialect = Structured() if mode == "structured" else Tagged()
        self._episode, self._tell = episode, tell
        self._ruler = Ruler()
        self._told: list[Message] = []  # the prompt of the turn before

    async def run(self) -> str:
        """Return the final answer; "" where there is none."""
        texts = self._texts
        files = await self._ready()
        self._episode.extra["files"] = files
        opening = self.open(texts.opening, self._task.question, files)
        cells: list[Done] = []
        hint: Any = None
        malformed, asked_again = 0, False
        instructions = getattr(texts, self._mode)
        while True:
            wants = self._wants(cells)
            if wants == Wants.ANSWER and hint is None:
                hint = texts.finish
            ran, failed = getattr(texts, self._dialect.ran), getattr(texts, self._dialect.failed)
            move = await self.write(
                instructions, opening, remembered(cells), ran, failed, hint, wants
            )
            hint = None
            if move.answer is not None and not asked_again and self._lacks(move.answer):
                asked_again = True
                names = ", ".join(f"@{n}[…]" for n in self._lacks(move.answer))
                self._note("reformatted")
                hint = self.hint(texts.reformat, answer=move.answer, fields=names)
            elif move.answer is not None:
                self.ended = self.ended or "answered"
                return str(self.conclude(move))
            elif not move.code or self._mode == "reflection" or wants == Wants.ANSWER:
                malformed += 1
                if malformed >= self._settings.malformed or self._out_of_tokens():
                    self.ended = self.ended or "malformed"
                    return ""
                hint = self.hint(texts.unclear, problem=_problem(move, self._mode, wants))
            else:
                malformed = 0
                cells.append(await self.execute(move))
                self._repeated(cells)
            if self._too_many_errors(cells):
                self.ended = "errors"
                return ""

    # The stages: what an optimizer sees of an attempt

    @tg.bundle
    def open(self, opening: str, question: str, files: str) -> str:
        """Write the first message: the question and what there is."""
        return fill(opening, question=question, files=files)

    @tg.bundle
    def hint(self, template: str, **values: str) -> str:
        """Write what is said to the model besides."""
        return fill(template, **values)

    @tg.bundle
    async def write(
        self,
        instructions: str,
        opening: str,
        cells: Sequence[Done],
        ran: str,
        failed: str,
        hint: str | None,
        wants: str,
    ) -> Move:
        """The model writes the next cell, or the final answer."""

        def messages(history: Sequence[Done]) -> list[Message]:
            made = [{"role": "system", "content": fill(instructions)}, *_user(opening)]
            made += self._dialect.history(history, ran, failed)
            return _with(made, hint) if hint else made

        room = self._settings.context - self._settings.answer_tokens
        again = bool(hint) or bool(cells and cells[-1].error)
        while True:
            shown, shortened = fitted(cells, lambda h: self._ruler.tokens(messages(h)), room)
            try:
                move = await self._ask(messages(shown), wants, again=again)
            except RequestError as refused:
                # Tokens were estimated; a server that counts more refuses the prompt.
                if refused.status not in _TOO_LONG or room < self._settings.context // 4:
                    raise
                room = int(room * _SMALLER)
                continue
            if shortened:
                self._note("shortened", shortened)
            return move

    @tg.bundle
    async def execute(self, move: Move) -> Done:
        """The notebook runs the cell."""
        from tracegraph.envs.notebook import Cell

        self._tell("code", {"code": move.code})
        started = time.monotonic()
        output: CellOutput = (await self._env.step(Cell(move.code, move.thought))).observation
        if self._mode == "structured" and output.silent and (name := last_set(move.code)):
            # Small models forget to print: what the cell computed is shown.
            shown: CellOutput = (await self._env.step(Cell(name))).observation
            if shown.status == "ok" and not shown.silent:
                output = replace(shown, text=f"{name}:\n{shown.text}")
                self._note("shown")
        turn = self._episode.turns[-1]
        turn.seconds += time.monotonic() - started
        turn.observation = {
            "status": output.status, "text": output.text, "figures": await keep(output.figures),
        }  # fmt: skip
        if output.status != "ok":
            self._note(f"cell_{output.status}")
        return self._done(move.thought, move.code, output)

    @tg.bundle
    def conclude(self, move: Move) -> str:
        """The final answer."""
        return move.answer or ""

    # What surrounds them

    async def _ready(self) -> str:
        """Begin the notebook; return what is there, as text."""
        from tracegraph.envs.notebook import Cell

        ready = await self._env.reset(self._task, self._episode.seed)
        room = int(self._settings.context * 3 * _FILES)
        code = first_cell(self._task.files) if self._settings.look else ""
        if self._mode == "reflection" or not code:
            return cut(ready.text, room)
        seen: CellOutput = (await self._env.step(Cell(code))).observation
        self._tell("look", {"code": code, "text": seen.text, "status": seen.status})
        if seen.status != "ok":
            return cut(f"{ready.text}\n\n{code}\n\nfailed:\n{seen.text}", room)
        loads = "\n".join(line for line in code.splitlines() if " = pd." in line)
        return cut(f"{loads}\n\n{seen.text}", room)

    async def _ask(self, prompt: list[Message], wants: str, *, again: bool) -> Move:
        from tracegraph.models import Completion

        limits = self._settings
        options = self._dialect.options(wants, self._task.question)
        options["temperature"] = limits.warmth(self._mode, again=again)
        if options["temperature"]:
            options["seed"] = self._episode.seed * 1000 + len(self._episode.turns)
        completion: Completion[Any] | None = None
        problem = ""
        try:
            completion = await self._llm.complete(
                prompt, max_tokens=limits.answer_tokens, parent="datarus", **options
            )
        except SchemaError as error:
            problem, raw = error.problem, error.raw
        added = prompt[len(self._told) :] if prompt[: len(self._told)] == self._told else prompt
        if completion is None:
            move = Move(notes={"bad_json": 1})
            turn = Turn(messages=added, answer=raw, notes=dict(move.notes))
        else:
            turn = Turn.of(added, completion)
            self._ruler.learn(prompt, completion.usage.prompt_tokens // (1 + completion.repairs))
            self._episode.cost += completion.cost
            move = self._dialect.move(completion)
            turn.notes |= move.notes
            if completion.finish_reason == "length":
                turn.notes["cut_off"] = 1
        if added is prompt and self._told:
            turn.notes["rewritten"] = 1  # the prompt does not continue the one before
        self._told = prompt
        kind = "answer" if move.answer is not None else "code" if move.code else "unclear"
        turn.action = {"kind": kind, "thought": move.thought, "code": move.code}
        turn.action |= {"answer": move.answer, "problem": problem}
        self._episode.turns.append(turn)
        for repair, count in move.notes.items():
            self._tell("repair", {"kind": repair, "count": count})
        if move.thought:
            self._tell("thought", {"text": move.thought})
        return move

    def _done(self, thought: str, code: str, output: CellOutput) -> Done:
        told = {"status": output.status, "text": output.text, "error": output.error}
        self._tell("output", told)
        for figure in output.figures:
            self._tell("figure", {"png": figure.png, "summary": figure.summary})
        text = output.text.strip()
        error = "" if output.status == "ok" else output.error or output.status
        pngs = tuple(figure.png for figure in output.figures) if self._settings.images else ()
        return Done(thought, code, text, error, pngs, output.silent)

    def _wants(self, cells: Sequence[Done]) -> str:
        if self._mode == "reflection":
            return Wants.ANSWER
        if len(cells) >= self._settings.steps:
            self.ended = "steps"
        if self.ended or self._out_of_tokens():
            return Wants.ANSWER
        # A small model would rather guess than compute.
        ran = any(not cell.error and not cell.silent for cell in cells)
        return Wants.EITHER if ran or not self._task.files else Wants.CODE

    def _repeated(self, cells: Sequence[Done]) -> None:
        """The same cell with the same output leads nowhere: ask for the answer."""
        newest = cells[-1]
        if any((c.code, c.output) == (newest.code, newest.output) for c in cells[:-1]):
            self._note("repeated_cell")
            if not newest.error:
                self.ended = "repetition"

    def _too_many_errors(self, cells: Sequence[Done]) -> bool:
        newest = cells[-self._settings.errors :]
        return len(newest) == self._settings.errors and all(cell.error for cell in newest)

    def _out_of_tokens(self) -> bool:
        limit = self._settings.tokens
        if limit is not None and self._episode.tokens >= limit:
            self.ended = "tokens"
            return True
        return False

    def _lacks(self, answer: str) -> tuple[str, ...]:
        return fields.lacking(self._task.question, answer)

    def _note(self, kind: str, count: int = 1) -> None:
        notes = self._episode.turns[-1].notes
        notes[kind] = notes.get(kind, 0) + count


def _problem(move: Move, mode: Mode, wants: str) -> str:
    if move.code:
        return "no more code can be run"
    if mode == "structured":
        return "it is not the JSON that was asked for"
    missing = "<answer>" if mode == "reflection" or wants == Wants.ANSWER else "<step>"
    return f"it holds no {missing}"


def _user(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def _with(messages: list[Message], hint: str) -> list[Message]:
    """Add a text to the last message, which is the user's: roles have to alternate."""
    last = messages[-1]
    content = last["content"]
    if isinstance(content, str):
        return [*messages[:-1], {**last, "content": f"{content}\n\n{hint}"}]
    return [*messages[:-1], {**last, "content": [*content, {"type": "text", "text": hint}]}]
