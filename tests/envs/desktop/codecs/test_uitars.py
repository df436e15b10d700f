"""The UI-TARS notation: texts that broke other parsers, round trips, a second parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import Space, uitars

FULL = Space.pixels(1920, 1080)
HEAD = "Thought: I see it.\nAction: "

# What ARPO's parser reads wrongly without a word, raises on, or reads well.
MEANT = [
    ("click(start_box='(100,200)')", a.Click(100, 200)),
    ("click(start_box='<|box_start|>(100,200)<|box_end|>')", a.Click(100, 200)),
    ("click(point='<point>100 200</point>')", a.Click(100, 200)),
    ("click(start_box='[100, 200, 120, 240]')", a.Click(110, 220)),
    ("click('(100,200)')", a.Click(100, 200)),
    ("click(start_box=(100,200))", a.Click(100, 200)),
    ("click(start_box=<|box_start|>(100,200)<|box_end|>)", a.Click(100, 200)),
    ("left_double(start_box='(1,2)')", a.Click(1, 2, "left", 2)),
    ("right_single(start_box='(1,2)')", a.Click(1, 2, "right")),
    ("drag(start_box='(1,2)', end_box='(3,4)')", a.Drag(1, 2, 3, 4)),
    (
        "drag(start_point='<point>1 2</point>', end_point='<point>3 4</point>')",
        a.Drag(1, 2, 3, 4),
    ),
    ('type(content="hello")', a.Type("hello")),
    ("type(content='two\nlines')", a.Type("two\nlines")),
    (r"type(content='two\nlines\n')", a.Type("two\nlines\n")),
    (r"type(content='it\'s')", a.Type("it's")),
    ("type(content='it's')", a.Type("it's")),
    ("type(content='print('a')')", a.Type("print('a')")),
    ("scroll(start_box='(5,6)', direction='left')", a.Scroll(5, 6, -5, 0)),
    ("scroll(start_box='(5,6)', direction='down')", a.Scroll(5, 6, 0, -5)),
    ("hotkey(key='ctrl+c')", a.Keys(("ctrl", "c"))),
    ("hotkey(key='page down')", a.Keys(("page_down",))),
    ("hotkey(key='ctrl shift arrowleft')", a.Keys(("ctrl", "shift", "left"))),
    ("press(key='shift')", a.KeyDown("shift")),
]
REFUSED = [
    "fly(start_box='(1,2)')",
    "click(start_box='(1921,200)')",
    "hotkey(key='ctrl hyper9')",
    "scroll(start_box='(5,6)', direction='sideways')",
    "click(start_box='(1,2,3)')",
]


@pytest.mark.parametrize(("text", "meant"), MEANT)
def test_what_broke_other_parsers_is_read(text: str, meant: a.Action) -> None:
    assert uitars.parse(HEAD + text, FULL) == uitars.Reply("I see it.", (meant,))


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_wrong_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        uitars.parse(HEAD + text, FULL)


def test_an_answer_without_an_action_is_refused() -> None:
    with pytest.raises(FormatError, match="Action:"):
        uitars.parse("click(start_box='(1,2)')", FULL)


def test_several_actions_of_one_answer_keep_their_order() -> None:
    text = HEAD + "click(start_box='(1,2)')\n\ntype(content='it's (all) right')\n\nwait()"
    assert uitars.parse(text, FULL).actions == (
        a.Click(1, 2), a.Type("it's (all) right"), a.Wait(5.0),
    )  # fmt: skip


def test_the_picture_that_the_model_saw_is_larger_than_the_screen() -> None:
    space = Space.resized(1920, 1080)
    assert (space.across, space.down) == (1932, 1092)
    assert uitars.parse(HEAD + "click(start_box='(960,540)')", space).actions == (
        a.Click(954, 534),
    )


KEYS = st.sampled_from(["ctrl", "shift", "alt", "enter", "page_down", "f5", "a", "+", ",", "'"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.just("\n"))
PLACES = st.tuples(st.integers(0, 1919), st.integers(0, 1079))
ACTIONS = st.one_of(
    PLACES.map(lambda p: a.Click(*p)),
    PLACES.map(lambda p: a.Click(*p, "right")),
    PLACES.map(lambda p: a.Move(*p)),
    st.tuples(PLACES, PLACES).map(lambda p: a.Drag(*p[0], *p[1])),
    st.builds(lambda p, d: a.Scroll(*p, *d), PLACES, st.sampled_from([(5, 0), (0, -5)])),
    TEXTS.map(a.Type),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda names: a.Keys(tuple(names))),
    KEYS.map(a.KeyDown),
    KEYS.map(a.KeyUp),
    TEXTS.map(a.Done),
    TEXTS.map(a.CallUser),
)


@given(ACTIONS, st.sampled_from(["box", "tokens", "point"]))
def test_what_is_written_is_read_back(action: a.Action, places: uitars.Places) -> None:
    space = Space.resized(1920, 1080)
    text = "Thought: because\nAction: " + uitars.emit(action, space, places)
    assert uitars.parse(text, space).actions == (action,)


@given(st.integers(640, 4000), st.integers(480, 2200), st.data())
def test_points_survive_the_way_there_and_back(
    width: int, height: int, data: st.DataObject
) -> None:
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    for space in (Space.pixels(width, height), Space.thousand(width, height)):
        back = space.to_frame(*space.to_model(x, y))
        apart = max(1, width / space.across), max(1, height / space.down)
        assert abs(back[0] - x) <= apart[0]
        assert abs(back[1] - y) <= apart[1]


@given(st.text())
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    for answer in (text, HEAD + text, HEAD + f"type(content='{text}')"):
        try:
            reply = uitars.parse(answer, FULL)
        except FormatError:
            continue
        assert reply.actions


SECOND = {"click": "click", "left_double": "click", "right_single": "click", "drag": "drag"}


@given(
    st.sampled_from(["click", "left_double", "right_single", "drag"]), PLACES, PLACES,
    st.sampled_from(["box", "point"]),
)  # fmt: skip
def test_another_parser_finds_the_same_places(
    verb: str, start: tuple[int, int], end: tuple[int, int], places: uitars.Places
) -> None:
    parser = pytest.importorskip("ui_tars.action_parser")
    space = Space.resized(1920, 1080)
    action = {
        "click": a.Click(*start), "left_double": a.Click(*start, "left", 2),
        "right_single": a.Click(*start, "right"), "drag": a.Drag(*start, *end),
    }[verb]  # fmt: skip
    text = "Thought: because\nAction: " + uitars.emit(action, space, places)
    (found,) = parser.parse_action_to_structure_output(text, 1000, 1080, 1920)
    assert found["action_type"] == verb
    for name, (x, y) in {"start_box": start, "end_box": end}.items():
        if name in found["action_inputs"]:
            box = eval_box(found["action_inputs"][name])
            assert abs(box[0] * 1920 - x) < 1.01
            assert abs(box[1] * 1080 - y) < 1.01


@given(st.text(st.characters(codec="ascii", exclude_characters="\\'\"\n\r", min_codepoint=32)))
def test_another_parser_finds_the_same_text(text: str) -> None:
    parser = pytest.importorskip("ui_tars.action_parser")
    written = "Thought: because\nAction: " + uitars.emit(a.Type(text), FULL)
    if ")\n\n" in written or "Action: " in text or "point" in text or not text.strip():
        return
    (found,) = parser.parse_action_to_structure_output(written, 1000, 1080, 1920)
    assert found["action_inputs"].get("content", "") == text.lstrip()


def eval_box(text: str) -> list[float]:
    """Return the numbers of ``[x, y, x, y]``."""
    return [float(number) for number in text.strip("[]() ").split(",")]
