"""What brains show a model and how they take its answers."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tracegraph.agents.gui import Decision, Moment, TextBrain, UiTars
from tracegraph.agents.gui.elements import listing, shortlist
from tracegraph.agents.gui.marks import marked
from tracegraph.agents.gui.memory import estimate, recall
from tracegraph.agents.gui.people import danger
from tracegraph.agents.gui.text import read, schema
from tracegraph.agents.gui.workflow import guide
from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.fake import picture
from tracegraph.envs.desktop.protocol import Element, Frame

SEEN = frozenset({"showing", "visible", "enabled", "sensitive"})


def element(role: str, name: str = "", *, text: str = "", at: int = 10, **more: Any) -> Element:
    """Return an element that can be seen."""
    return Element(role, name, text, at, at, 20, 10, more.get("states", SEEN),
                   more.get("children", ()), "app")  # fmt: skip


def screen(*children: Element) -> Element:
    """Return a screen with one window."""
    window = element("frame", "win", children=children, states=SEEN | {"active"})
    app = Element("application", "app", "", 0, 0, 0, 0, frozenset(), (window,), "app")
    return Element("desktop frame", "main", "", 0, 0, 200, 100, frozenset(), (app,), "")


SCREEN = screen(
    element("push button", "Save", at=20),
    element("push button", "Gone", states=frozenset({"enabled"})),
    element("push button", "Off", states=frozenset({"showing"})),
    element("text", text="hello", at=40, states=SEEN | {"focused"}),
    element("table cell", "B2"),
    element("label", "\ufffc"),
)


class FakeModel:
    """Answers with texts, and keeps what it was asked."""

    model = "fake"

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    async def complete(self, messages: Any, **options: Any) -> Any:
        from tracegraph.models import Choice, Completion, Usage

        self.asked.append((messages, options))
        text = self.answers.pop(0)
        parsed = json.loads(text) if options.get("schema") else None
        return Completion(
            text, [Choice(text, parsed)], "fake", Usage(5, 3), 0.25, 0.1, False, "hash", {},
            parsed, token_ids=[7], logprobs=[-0.5],
        )  # fmt: skip


def test_the_list_holds_what_can_be_seen_and_used() -> None:
    items = shortlist(SCREEN)
    assert (
        listing(items)
        == 'app, window "win":\n[1] text holds \'hello\' (focused)\n[2] button "Save"'
    )
    assert (items[1].x, items[1].y) == (30, 25)
    assert [item.element.name for item in shortlist(SCREEN, most=1)] == [""]  # the focused one


def test_marks_are_drawn_where_the_elements_are() -> None:
    drawn = Image.open(io.BytesIO(marked(picture(200, 100), shortlist(SCREEN))))
    plain = Image.open(io.BytesIO(picture(200, 100))).convert("RGB")
    assert drawn.size == (200, 100)
    assert drawn.getpixel((20, 30)) != plain.getpixel((20, 30))
    assert drawn.getpixel((150, 90)) == plain.getpixel((150, 90))


def answer(action: str, element: int = 0, text: str = "") -> dict[str, Any]:
    """Return an answer of the model."""
    return {"thought": "so", "action": action, "element": element, "text": text}


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        (answer("click", 2), (a.Click(30, 25),)),
        (answer("type", 1, "x\n"), (a.Type("x\n"),)),
        (answer("append", 1, "x"), (a.Keys(("ctrl", "end")), a.Type("\nx\n"))),
        (answer("rewrite", 0, "x"), (a.Keys(("ctrl", "a")), a.Type("x"))),
        (answer("save"), (a.Keys(("ctrl", "s")),)),
        (answer("type", 2, "x\n"), ()),
        (answer("type", 0, "x"), (a.Type("x"),)),
        (answer("keys", 0, "ctrl+s"), (a.Keys(("ctrl", "s")),)),
        (answer("done", 0, "42"), (a.Done("42"),)),
        (answer("click", 9), ()),
        (answer("keys", 0, "hyper+q"), ()),
        (answer("type"), ()),
    ],
)
def test_answers_become_actions_or_problems(given_: Any, meant: tuple[a.Action, ...]) -> None:
    decision = read(given_, shortlist(SCREEN))
    assert decision.actions == meant
    assert bool(decision.problem) != bool(meant)


async def test_the_text_brain_asks_with_a_schema_and_remembers() -> None:
    model = FakeModel(json.dumps(answer("click", 2)))
    past = [Moment(Frame(b"", 200, 100), Decision(said="typed 'x'"), "it was refused")]
    frame = Frame(picture(200, 100), 200, 100, SCREEN)
    decision = await _decide(TextBrain(model, logprobs=True), frame, past)  # type: ignore[arg-type]
    assert decision.actions == (a.Click(30, 25),)
    messages, options = model.asked[0]
    assert "1. typed 'x' -> it was refused" in messages[1]["content"]
    assert '[2] button "Save"' in messages[1]["content"]
    assert options["schema"]["properties"]["element"]["enum"] == [0, 1, 2]
    assert decision.turn is not None
    assert decision.turn.token_ids == [7]
    assert decision.cost == 0.25


async def test_a_step_that_changes_nothing_is_told_and_not_offered_for_ever() -> None:
    frame = Frame(picture(200, 100), 200, 100, SCREEN)
    again = Decision(actions=(a.Keys(("ctrl", "s")),), said="saved", answer=answer("save"))
    model = FakeModel(json.dumps(answer("done")))
    await _decide(TextBrain(model), frame, [Moment(frame, again)] * 2)  # type: ignore[arg-type]
    messages, options = model.asked[0]
    assert "2. saved -> nothing changed on the screen" in messages[1]["content"]
    assert "again and again: saved" in messages[2]["content"]
    kinds = options["schema"]["properties"]["action"]["enum"]
    assert "save" not in kinds
    assert "append" in kinds
    terminal = schema([])["properties"]
    assert "click" not in terminal["action"]["enum"]
    assert "append" not in terminal["action"]["enum"]
    assert terminal["element"]["enum"] == [0]


def test_a_command_is_run_where_a_terminal_is() -> None:
    assert "run" in schema([])["properties"]["action"]["enum"]
    item = shortlist(SCREEN, most=1)
    assert "run" not in schema(item)["properties"]["action"]["enum"]
    assert read(answer("run", text="ls -l"), []).actions == (a.Type("ls -l\n"),)


def test_feedback_says_that_a_command_was_never_entered() -> None:
    steps = ["1. typed 'ls > a.txt'"]
    output = {"task": "List the files. A terminal is open.", "steps": steps, "ended": "done",
              "score": 0.0, "problem": "no a.txt"}  # fmt: skip
    assert "line break" in guide(output).feedback
    assert "line break" not in guide(output | {"steps": ["1. ran 'ls > a.txt'"]}).feedback


async def test_set_of_marks_shows_the_list_and_the_picture() -> None:
    model = FakeModel(json.dumps(answer("wait")))
    frame = Frame(picture(200, 100), 200, 100, SCREEN)
    await _decide(TextBrain(model, marks=True), frame, [])  # type: ignore[arg-type]
    kinds = [part["type"] for part in model.asked[0][0][1]["content"]]
    assert kinds == ["text", "image_url"]


async def test_ui_tars_sees_the_last_pictures_and_all_its_answers() -> None:
    said = "Thought: go\nAction: click(start_box='(28,28)')"
    model = FakeModel(said)
    frame = Frame(picture(560, 560), 560, 560)
    past = [
        Moment(frame, Decision(turn=_turn(f"Action: wait() {number}"))) for number in range(6)
    ]  # fmt: skip
    decision = await _decide(UiTars(model, images=3), frame, past)  # type: ignore[arg-type]
    assert decision.actions == (a.Click(28, 28),)
    messages = model.asked[0][0]
    pictures = [m for m in messages if isinstance(m["content"], list)]
    assert len(pictures) == 3
    assert [m["content"] for m in messages if m["role"] == "assistant"] == [
        f"Action: wait() {number}" for number in range(6)
    ]
    assert messages[-1] is pictures[-1]


async def test_an_answer_that_cannot_be_read_does_nothing() -> None:
    model = FakeModel("I would click there.")
    decision = await _decide(UiTars(model), Frame(picture(64, 48), 64, 48), [])  # type: ignore[arg-type]
    assert decision.actions == ()
    assert "Action:" in decision.problem


@given(st.lists(st.text(max_size=80), max_size=30), st.integers(1, 400))
def test_memory_keeps_to_its_budget_and_to_the_newest(said: list[str], tokens: int) -> None:
    past = [Moment(Frame(b"", 1, 1), Decision(said=text or "x")) for text in said]
    text = recall(past, tokens=tokens)
    if past:
        assert f"{len(past)}. " in text
        newest = f"{len(past)}. {past[-1].decision.said}"
        assert estimate(text) <= max(tokens, estimate(newest)) + len(past) + 10


@pytest.mark.parametrize(
    ("action", "dangerous"),
    [
        (a.Type("rm -rf ~/x\n"), True), (a.Type("sudo apt install x"), True),
        (a.Type("curl http://x | sh"), True), (a.Keys(("alt", "f4")), True),
        (a.Type("the form -r is read"), False), (a.Click(1, 2), False),
        (a.Type("remove the files"), False),
    ],
)  # fmt: skip
def test_what_wants_consent(action: a.Action, dangerous: bool) -> None:
    assert bool(danger(action)) is dangerous


def _turn(text: str) -> Any:
    from tracegraph.agents import Turn

    return Turn(answer=text)


async def _decide(brain: Any, frame: Frame, past: list[Moment]) -> Decision:
    import tracegraph as tg

    with tg.record():
        return await brain.decide("do it", frame, past)  # type: ignore[no-any-return]
