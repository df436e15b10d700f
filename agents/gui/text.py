"""A brain for models without eyes: it reads a list of elements and picks one by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import tracegraph as tg
from tracegraph.agents.episode import Turn, versions
from tracegraph.agents.gui import elements, memory
from tracegraph.agents.gui.brain import Decision, Moment, Shown
from tracegraph.agents.gui.elements import Item
from tracegraph.agents.gui.texts import Texts, fill
from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import keys

if TYPE_CHECKING:
    from tracegraph.envs.desktop.protocol import Frame
    from tracegraph.models import LLM

_KINDS = (
    "run", "append", "insert_top", "rewrite", "save", "click", "double_click", "right_click",
    "type", "keys", "scroll_up", "scroll_down", "wait", "done", "fail", "ask",
)  # fmt: skip
_NEED_ELEMENT = frozenset({"click", "double_click", "right_click"})
_WRITE = frozenset({"type", "append", "insert_top", "rewrite"})
_NEED_TEXT = _WRITE | {"run", "keys", "ask"}
_DID = {"type": "typed", "append": "added at the end", "insert_top": "added at the top",
        "rewrite": "replaced all with"}  # fmt: skip
_NOTCHES = 5
_NAMES = ("text", "screen", "unclear", "again")
_OFTEN = 2  # a step that was done so often in a row is not offered again
_MAY_REPEAT = frozenset({"wait", "scroll_up", "scroll_down", "keys"})


class TextBrain:
    """Decides from the accessibility tree, with any model that writes JSON.

    Args:
        llm: the model.
        texts: the prompts.
        most: elements in the list.
        tokens: of the memory of past steps.
        temperature: of the answers.
        marks: also show the picture with the elements' numbers on it (set of marks).
        logprobs: keep token ids and log-probabilities, for training.
    """

    tree = True

    def __init__(
        self,
        llm: LLM,
        *,
        texts: Texts | None = None,
        most: int = 30,
        tokens: int = 600,
        temperature: float = 0.0,
        marks: bool = False,
        logprobs: bool = False,
    ) -> None:
        self.llm = llm
        self.texts = texts or Texts()
        self.most = most
        self.tokens = tokens
        self.temperature = temperature
        self.marks = marks
        self.logprobs = logprobs

    @property
    def policy(self) -> dict[str, str]:
        """The model and the versions of its prompts."""
        return {"model": self.llm.model} | versions(self.texts.values(*_NAMES))

    async def decide(
        self, instruction: str, frame: Frame, past: Sequence[Moment], *, seed: int = 0
    ) -> Decision:
        """Return the next step; an answer that cannot be carried out has a problem in it."""
        items = elements.shortlist(frame.tree, most=self.most) if frame.tree else []
        done = memory.recall(past, frame, tokens=self.tokens)
        message = self.look(self.texts.screen, instruction, done, elements.listing(items))
        hint = None
        if past and past[-1].decision.problem:
            hint = self.hint(self.texts.unclear, past[-1].decision.problem)
        elif memory.repeated(past) > 1:
            hint = self.remind(self.texts.again, past[-1].decision.said)
        content: Any = message
        if self.marks:
            from tracegraph.agents.gui.marks import marked
            from tracegraph.models import image

            content = [{"type": "text", "text": message}, image(marked(frame.png, items))]
        kept: list[tuple[Turn, float]] = []
        answer = await self.choose(
            self.texts.text, message, hint, Shown(content), schema(items, past), seed, kept
        )
        turn, cost = kept[0]
        return replace(read(answer, items), turn=turn, cost=cost)

    @tg.bundle
    def look(self, template: str, instruction: str, done: str, screen: str) -> str:
        """Write what the model reads before a step."""
        return fill(template, task=instruction, done=done, screen=screen)

    @tg.bundle
    def hint(self, template: str, problem: str) -> str:
        """Write what is said after an answer that cannot be carried out."""
        return fill(template, problem=problem)

    @tg.bundle
    def remind(self, template: str, step: str) -> str:
        """Write what is said after a step that was done again and again."""
        return fill(template, step=step)

    @tg.bundle
    async def choose(
        self,
        instructions: str,
        message: str,
        hint: str | None,
        shown: Shown,
        shape: dict[str, Any],
        seed: int,
        kept: list[tuple[Turn, float]],
    ) -> dict[str, Any]:
        """The model chooses the next step."""
        from tracegraph.models import SchemaError

        asked = [
            {"role": "system", "content": fill(instructions)},
            {"role": "user", "content": shown.content},
        ]
        if hint:
            asked.append({"role": "user", "content": hint})
        options: dict[str, Any] = {"temperature": self.temperature, "max_tokens": 400}
        if self.temperature:
            options["seed"] = seed
        recorded = [dict(one) for one in asked]
        recorded[1]["content"] = message
        try:
            completion = await self.llm.complete(
                asked, schema=shape, logprobs=self.logprobs, parent="gui", **options
            )
        except SchemaError as error:
            kept.append((Turn(messages=recorded, answer=error.raw), 0.0))
            return {"problem": error.problem}
        kept.append((Turn.of(recorded, completion), completion.cost))
        return dict(completion.parsed or {})


def read(answer: dict[str, Any], items: Sequence[Item]) -> Decision:
    """Return what an answer means on a screen with these elements."""
    thought = str(answer.get("thought", ""))
    try:
        if answer.get("problem"):
            raise FormatError(str(answer["problem"]))
        actions, said = _actions(answer, items)
    except FormatError as error:
        return Decision(thought, problem=f"{error}.", answer=answer)
    return Decision(thought, actions, said, answer=answer)


def _actions(answer: dict[str, Any], items: Sequence[Item]) -> tuple[tuple[a.Action, ...], str]:
    kind, text = str(answer["action"]), str(answer.get("text", ""))
    number = int(answer.get("element", 0))
    item = next((one for one in items if one.number == number), None)
    if kind in _NEED_ELEMENT and item is None:
        raise FormatError(f"{kind} needs the number of an element from the list")
    if kind in _NEED_TEXT and not text:
        raise FormatError(f"{kind} needs something in text")
    name = "" if item is None else f'[{number}] {item.element.role} "{item.element.name[:40]}"'
    place = (item.x, item.y) if item else (0, 0)
    match kind:
        case "click":
            return (a.Click(*place),), f"clicked {name}"
        case "double_click":
            return (a.Click(*place, "left", 2),), f"double-clicked {name}"
        case "right_click":
            return (a.Click(*place, "right"),), f"right-clicked {name}"
        case _ if kind in _WRITE:
            return _writing(kind, item, text), f"{_DID[kind]} {text!r}" + (name and f" into {name}")
        case "run":
            command = text.rstrip("\n")
            return (a.Type(f"{command}\n"),), f"ran {command!r}"
        case "save":
            return (a.Keys(("ctrl", "s")),), "saved with ctrl+s"
        case "keys":
            chord = keys.split(text)
            return (a.Keys(chord),), f"pressed {'+'.join(chord)}"
        case "scroll_up" | "scroll_down":
            turns = _NOTCHES if kind == "scroll_up" else -_NOTCHES
            return (a.Scroll(*place, 0, turns),), f"scrolled {kind[7:]} {name}".rstrip()
        case "wait":
            return (a.Wait(),), "waited"
        case "done":
            return (a.Done(text),), "done"
        case "fail":
            return (a.Fail(text),), "gave up"
        case "ask":
            return (a.CallUser(text),), f"asked {text!r}"
    raise FormatError(f"there is no step {kind}")


def _writing(kind: str, item: Item | None, text: str) -> tuple[a.Action, ...]:
    """Return what writes a text, at the cursor or at a place of what is there already."""
    first: list[a.Action] = []
    if item is not None:
        if item.element.role not in elements.WRITABLE | {"table cell"}:
            raise FormatError(
                f"one cannot type into [{item.number}] {item.element.role}; with element 0 it "
                "goes where the cursor is"
            )
        if "focused" not in item.element.states:
            first.append(a.Click(item.x, item.y))  # a focused one keeps its cursor
    line = text if text.endswith("\n") else f"{text}\n"
    match kind:
        case "append":
            before = item.element.text if item is not None else ""
            gap = "\n" if before and not before.endswith("\n") else ""
            return (*first, a.Keys(("ctrl", "end")), a.Type(gap + line))
        case "insert_top":
            return (*first, a.Keys(("ctrl", "home")), a.Type(line))
        case "rewrite":
            return (*first, a.Keys(("ctrl", "a")), a.Type(text))
    return (*first, a.Type(text))


def schema(items: Sequence[Item], past: Sequence[Moment] = ()) -> dict[str, Any]:
    """Return the JSON schema of the next step: only steps and numbers that there are."""
    kinds = list(_KINDS)
    if items:
        kinds.remove("run")  # a terminal shows no elements
    else:
        kinds = [kind for kind in kinds if kind not in _NEED_ELEMENT]
    if not any(item.element.role in elements.WRITABLE for item in items):
        kinds = [kind for kind in kinds if kind not in _WRITE - {"type"}]
    if memory.repeated(past) >= _OFTEN and isinstance(past[-1].decision.answer, dict):
        last = str(past[-1].decision.answer.get("action"))
        kinds = [kind for kind in kinds if kind != last or kind in _MAY_REPEAT]
    return {
        "title": "step",
        "type": "object",
        "properties": {
            "thought": {"type": "string", "maxLength": 200},
            "action": {"type": "string", "enum": kinds},
            "element": {"type": "integer", "enum": [0, *(item.number for item in items)]},
            "text": {"type": "string", "maxLength": 600},
        },
        "required": ["thought", "action", "element", "text"],
        "additionalProperties": False,
    }
