"""computer_13, pyautogui source, and the computer-use tools: both ways, and nothing runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError, from_record, to_record
from tracegraph.envs.desktop.codecs import Space, anthropic, computer13, openai, pyautogui

SIZE = {"width": 1280, "height": 720}
PLACES = st.tuples(st.integers(0, 1279), st.integers(0, 719))
KEYS = st.sampled_from(["ctrl", "shift", "alt", "super", "enter", "page_up", "f11", "a", "+", "-"])
TEXTS = st.text(st.characters(codec="utf-8"))
BUTTONS = st.sampled_from(["left", "middle", "right"])
COMMON = st.one_of(
    st.builds(lambda p, b: a.Click(*p, b), PLACES, BUTTONS),
    PLACES.map(lambda p: a.Click(*p, "left", 2)),
    PLACES.map(lambda p: a.Move(*p)),
    st.tuples(PLACES, PLACES).map(lambda p: a.Drag(*p[0], *p[1])),
    st.builds(lambda p, n: a.Scroll(*p, 0, n), PLACES, st.integers(1, 20)),
    st.builds(lambda p, n: a.Scroll(*p, n, 0), PLACES, st.integers(-20, -1)),
    TEXTS.map(a.Type),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda names: a.Keys(tuple(names))),
)
DOWN_UP = st.one_of(
    KEYS.map(a.KeyDown), KEYS.map(a.KeyUp),
    st.builds(lambda p, b: a.MouseDown(*p, b), PLACES, BUTTONS),
    st.builds(lambda p, b: a.MouseUp(*p, b), PLACES, BUTTONS),
)  # fmt: skip
ALL = COMMON | DOWN_UP | TEXTS.map(a.Done) | TEXTS.map(a.Fail) | TEXTS.map(a.CallUser)


@given(ALL)
def test_records(action: a.Action) -> None:
    assert from_record(to_record(action)) == action


@given(COMMON | DOWN_UP)
def test_computer_13(action: a.Action) -> None:
    assert computer13.parse(computer13.emit(action), **SIZE)[-1] == action


@given(COMMON | DOWN_UP)
def test_pyautogui_source(action: a.Action) -> None:
    assert pyautogui.parse(pyautogui.emit(action), **SIZE)[-1] == action


@given(COMMON)
def test_anthropic(action: a.Action) -> None:
    space = Space.pixels(1280, 720)
    assert anthropic.parse(anthropic.emit(action, space), space) == [action]


@given(COMMON)
def test_openai(action: a.Action) -> None:
    space = Space.pixels(1280, 720)
    assert openai.parse(openai.emit(action, space), space) == [action]


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os').system('id')",
        "pyautogui.click(open('/etc/passwd').read())",
        "import os; os.remove('x')",
        "import pyautogui as time; time.sleep(1)",
        "from os import system",
        "[pyautogui.click(1, 2) for _ in range(9)]",
        "x = 1",
        "pyautogui.screenshot('/tmp/x')",
        "pyautogui.click(*[1, 2])",
        "pyautogui.click(**{'x': 1})",
        "pyautogui.click(5000, 2)",
        "pyautogui.write('a' * 9**9)",
        "getattr(pyautogui, 'click')(1, 2)",
        "eval('1')",
        "def f(): pass",
        "pyautogui.click(",
    ],
)
def test_source_that_is_more_than_calls_is_refused(source: str) -> None:
    if source == "import pyautogui as time; time.sleep(1)":
        assert pyautogui.parse(source, **SIZE) == [a.Wait(1)]  # names are names; nothing is bound
        return
    with pytest.raises(FormatError):
        pyautogui.parse(source, **SIZE)


def test_source_as_models_write_it() -> None:
    source = (
        "import pyautogui\nimport time\npyautogui.moveTo(10, 20, duration=0.5)\n"
        "pyautogui.click()\ntime.sleep(0.5)\npyautogui.typewrite('hi\\n', interval=0.1)\n"
        "pyautogui.press('enter', presses=2)\npyautogui.hotkey('ctrl', 's')\n"
        "pyautogui.dragRel(5, 0)\npyautogui.scroll(-3)"
    )
    assert pyautogui.parse(source, **SIZE) == [
        a.Move(10, 20), a.Click(10, 20), a.Wait(0.5), a.Type("hi\n"), a.Keys(("enter",)),
        a.Keys(("enter",)), a.Keys(("ctrl", "s")), a.Drag(10, 20, 15, 20), a.Scroll(15, 20, 0, -3),
    ]  # fmt: skip
    assert pyautogui.parse("FAIL", **SIZE) == [a.Fail()]


def test_computer_13_acts_where_the_pointer_is() -> None:
    records = [
        {"action_type": "MOVE_TO", "parameters": {"x": 5, "y": 6}}, {"action_type": "CLICK"},
        {"action_type": "DRAG_TO", "parameters": {"x": 9, "y": 6}}, "DONE",
    ]  # fmt: skip
    assert computer13.parse(records, **SIZE) == [
        a.Move(5, 6), a.Click(5, 6), a.Drag(5, 6, 9, 6), a.Done(),
    ]  # fmt: skip


def test_tools_that_hold_a_key() -> None:
    space = Space(2560, 1440, 1280, 720)
    asked = {"action": "left_click", "coordinate": [10, 20], "text": "ctrl+shift"}
    assert anthropic.parse(asked, space) == [
        a.KeyDown("ctrl"), a.KeyDown("shift"), a.Click(20, 40), a.KeyUp("shift"), a.KeyUp("ctrl"),
    ]  # fmt: skip
    assert anthropic.parse({"action": "screenshot"}, space) == []
    asked = {"type": "click", "x": 10, "y": 20, "button": "left", "keys": ["SHIFT"]}
    assert openai.parse(asked, space) == [a.KeyDown("shift"), a.Click(20, 40), a.KeyUp("shift")]


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
NAMES = st.sampled_from(
    ["action", "type", "coordinate", "text", "x", "y", "keys", "path", "action_type",
     "parameters", "scroll_direction", "duration", "button"]
)  # fmt: skip
WORDS = st.sampled_from(["left_click", "key", "drag", "scroll", "CLICK", "HOTKEY", "hold_key"])


@given(st.dictionaries(NAMES, NESTED | WORDS))
def test_any_record_is_read_or_refused(record: dict[str, object]) -> None:
    space = Space.pixels(1280, 720)
    for read in (
        lambda: anthropic.parse(record, space),
        lambda: openai.parse(record, space),
        lambda: computer13.parse([record], **SIZE),
        lambda: from_record(record),
    ):
        try:
            read()
        except FormatError:
            continue
