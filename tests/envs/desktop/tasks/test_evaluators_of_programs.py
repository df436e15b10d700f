"""Evaluators of what programs say, and of what is on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.envs.desktop.tasks.scoring import check, scored
from tracegraph.envs.desktop.fake import picture
from tracegraph.envs.desktop.protocol import Element, ExecResult, Frame
from tracegraph.envs.desktop.tasks import getters, setup

HOME = "/home/user"


def asks(getter: str, func: str, expected: Any) -> dict[str, Any]:
    return check(func, expected, {"type": getter})


PLAYING = '<root><state>{}</state><info name="filename">{}</info></root>'


@pytest.mark.parametrize(
    ("evaluator", "right", "wrong"),
    [
        (asks("vlc_playing_info", "is_vlc_playing", {"type": "file_name", "file_name": "a.mp4"}),
         PLAYING.format("playing", "a.mp4"), PLAYING.format("paused", "a.mp4")),
        (asks("vlc_playing_info", "is_vlc_playing", {"type": "url", "url": "http://x.example/a"}),
         PLAYING.format("playing", "http://x.example/a"), PLAYING.format("playing", "b")),
        (asks("vlc_playing_info", "is_vlc_playing", {"type": "url", "url": "http://x.example/a"}),
         PLAYING.format("playing", "a"), "<root"),
        (asks("default_video_player", "check_include_exclude", {"include": ["vlc"]}),
         "vlc.desktop\nvlc.desktop\nx.desktop\n", "x.desktop\nvlc.desktop\nx.desktop\n"),
        (check("check_moved_jpgs", {"expected": ["b.jpg", "a.jpg"]},
               {"type": "list_directory", "path": "/d"}), "a.jpg\nb.jpg\n", "a.jpg\n"),
    ],
)  # fmt: skip
async def test_what_programs_say(evaluator: dict[str, Any], right: str, wrong: str) -> None:
    def says(text: str, code: int = 0) -> Any:
        return {"programs": lambda argv: ExecResult(code, text)}

    assert (await scored(evaluator, {}, **says(right))).value == 1
    assert (await scored(evaluator, {}, **says(wrong))).value == 0
    assert (await scored(evaluator, {}, **says("", 1))).value == 0


async def test_errors_of_commands_and_outputs_that_were_put_aside() -> None:
    def programs(argv: Any) -> ExecResult:
        return ExecResult(1, "Orchis\n", "Error: none")

    failing = check("check_include_exclude", {"include": ["Error:"]},
                    {"type": "vm_command_error", "command": ["x"]})  # fmt: skip
    assert (await scored(failing, {}, programs=programs)).value == 1
    kept = check("check_list", {"expect": ["Orchis"]}, {"type": "cache_file", "path": "out"})
    step = {"type": "execute", "parameters": {"command": ["theme"], "stdout": "out"}}
    assert (await scored(kept | {"postconfig": [step]}, {}, programs=programs)).value == 1
    step["parameters"]["stdout"] = "other"
    assert (await scored(kept | {"postconfig": [step]}, {}, programs=programs)).value == 0


async def test_starters_terminal_and_clipboard() -> None:
    held = {f"{HOME}/Desktop/a.desktop": b"[Desktop Entry]\nName=Shop\nExec=x\n"}

    def lists(argv: Any) -> ExecResult:
        return ExecResult(0, "a.desktop\nother\n")

    for rule, value in (({"type": "name", "name": "Shop"}, 1), ({"type": "exec", "exec": "y"}, 0)):
        asked = asks("shortcuts_on_desktop", "is_shortcut_on_desktop", rule)
        assert (await scored(asked, held, programs=lists)).value == value
    terminal = Element("terminal", "", "$ stty\n43 132\n", 0, 0, 9, 9, frozenset(), (), "t")
    root = Element("desktop frame", "main", "", 0, 0, 64, 48, frozenset(), (terminal,), "")
    frames = [Frame(picture(64, 48), 64, 48, root)]
    seen = check("check_include_exclude", {"include": ["43 132"]}, {"type": "vm_terminal_output"})
    assert (await scored(seen, {}, frames=frames)).value == 1
    assert (await scored(seen, {})).value == 0
    clipboard = {
        "func": "is_in_vm_clickboard",
        "result": {"type": "rule", "rules": {"expected": ["43", "132"]}},
        "expected": {"type": "vm_terminal_output"},
    }
    assert (await scored(clipboard, {}, frames=frames)).value == 1
    assert (await scored(clipboard, {})).value == 0


async def test_slides_at_the_left_and_css_selectors() -> None:
    view = Element("document frame", "Slides View", "", 0, 0, 9, 9, frozenset(), (), "soffice")
    root = Element("desktop frame", "main", "", 0, 0, 64, 48, frozenset(), (view,), "")
    frames = [Frame(picture(64, 48), 64, 48, root)]
    panel = check("check_left_panel", result={"type": "accessibility_tree"})
    assert (await scored(panel, {}, frames=frames)).value == 1
    assert (await scored(panel, {})).value == 0
    rule = [{"selectors": ["document-frame[name=Slides\\ View]"]}]
    css = check("check_accessibility_tree", rule, {"type": "accessibility_tree"})
    assert (await scored(css, {}, frames=frames)).value == 1
    assert (await scored(css, {})).value == 0


CONFIG = f"{HOME}/.config"


@pytest.mark.parametrize(
    ("evaluator", "path", "right", "wrong"),
    [
        (
            check("check_config_status", {"key": ["theme", "dark"], "value": "yes"},
                  {"type": "gimp_config_file", "file_name": "gimprc"}),
            f"{CONFIG}/GIMP/2.10/gimprc", b"# theme\n(theme dark yes)\n", b"(theme light yes)\n",
        ),
        (
            check("check_qt_minimal_view", {"expected_qt_minimal_view": 1}, {"type": "vlc_config"}),
            f"{CONFIG}/vlc/vlcrc", b"[qt]\nqt-minimal-view=1\n", b"#qt-minimal-view=0\n",
        ),
    ],
)  # fmt: skip
async def test_settings_of_gimp_and_vlc(
    evaluator: dict[str, Any], path: str, right: bytes, wrong: bytes
) -> None:
    assert (await scored(evaluator, {path: right})).value == 1
    for held in ({path: wrong}, {path: b"\xff\xfe"}, {path: b"("}, {}):
        score = await scored(evaluator, held)
        assert score.value == 0
        assert score.feedback


async def test_the_size_of_the_screen() -> None:
    for width, value in ((64, 1), (65, 0)):
        rules = {"expected": {"width": width, "height": 48}}
        asked = check("exact_match", rules, {"type": "vm_screen_size"})
        assert (await scored(asked, {})).value == value


def test_every_getter_and_step_has_a_case() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.parent.rglob("*.py"))
    names = [*getters._GETTERS, *setup._STEPS]
    assert [name for name in names if f'"{name}"' not in text] == []
