"""From the text of a model to the one thing that it wants to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tracegraph.agents.datarus.events import Answer, Code, Repair, Stray, Thought
from tracegraph.agents.datarus.parser import Parser


@dataclass(frozen=True, slots=True)
class Move:
    """What an answer of the model means: a cell to run or the final answer; neither if unclear.

    Attributes:
        notes: repairs by kind; "extra_move" counts what came after the first cell or answer.
    """

    thought: str = ""
    code: str = ""
    answer: str | None = None
    notes: dict[str, int] = field(default_factory=dict)


def read(text: str, *, stopped: bool = False) -> Move:
    """Return the first cell or answer in a text.

    What follows it is not looked at: a model that goes on has made up what the cell printed.
    """
    parser = Parser()
    events = [*parser.feed(text), *parser.close(stopped=stopped)]
    thoughts: list[str] = []
    code, answer = "", None
    notes: Counter[str] = Counter()
    for event in events:
        done = bool(code) or answer is not None
        match event:
            case Thought(said) if not done:
                thoughts.append(said)
            case Code(cell) if not done:
                code = cell
            case Answer(said) if not done:
                answer = said
            case Code() | Answer():
                notes["extra_move"] += 1
            case Repair(kind):
                notes[kind] += 1
            case Stray():
                notes["stray_text"] += 1
    return Move("\n".join(thoughts), code, answer, dict(notes))
