"""The browser of a real desktop: it starts by Chrome's name, its tabs, its files."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import pytest

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.osworld.client import OSWorldHTTP
from tracegraph.envs.desktop.osworld.server import OSWorldServer
from tracegraph.envs.desktop.protocol import DesktopError, ExecResult
from tracegraph.envs.desktop.tasks import evaluate, parse_task, run_steps
from tracegraph.envs.desktop.tasks.schema import Step
from tracegraph.envs.desktop.tasks.windows import StepError

SIZE = (1280, 720)
PAGE = "file:///home/user/page.html"


def steps(*told: tuple[str, dict[str, Any]]) -> list[Step]:
    return [Step(type=kind, parameters=parameters) for kind, parameters in told]


START = (
    ("launch", {"command": ["google-chrome", "--remote-debugging-port=1337"]}),
    ("launch", {"command": ["socat", "tcp-listen:9222,fork", "tcp:localhost:1337"]}),
)
# How OSWorld's tasks make the browser write down what it knows.
AGAIN = [
    {"type": "launch", "parameters": {"command": ["pkill", "chrome"]}},
    {"type": "launch", "parameters": {"command": ["google-chrome"]}},
]


async def value(desktop: Any, func: str, getter: str, rules: Any, **more: Any) -> float:
    evaluator = {
        "func": func, "result": {"type": getter, "goto_prefix": ""},
        "expected": {"type": "rule", "rules": rules}, **more,
    }  # fmt: skip
    task = parse_task({"id": "t", "instruction": "do", "evaluator": evaluator})
    return (await evaluate(task, desktop, a.Done(), size=SIZE)).value


@pytest.mark.slow
async def test_tabs_history_and_settings_of_a_real_browser() -> None:
    missing = [name for name in ("Xvfb", "bwrap", "chromium") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    visits = [{"url": "https://tube.example/", "title": "t", "visit_time_from_now_in_seconds": 9}]
    async with LocalXvfb() as desktop:
        await desktop.put("/home/user/page.html", b"<title>A page</title>")
        # There is no profile yet, so the browser makes one before anything is written.
        before = steps(("update_browse_history", {"history": visits}), *START)
        await run_steps(before, desktop, size=SIZE)
        await run_steps(
            steps(
                ("activate_window", {"window_name": "Google Chrome"}),
                ("chrome_open_tabs", {"urls_to_open": [PAGE, "chrome://version/"]}),
            ),
            desktop, size=SIZE,
        )  # fmt: skip
        both = {"type": "url", "urls": ["chrome://version", PAGE]}
        one = {"type": "url", "urls": [PAGE]}
        assert await value(desktop, "is_expected_tabs", "open_tabs_info", both) == 1
        for _ in range(50):  # the tree follows the picture
            front = {"type": "url", "url": "chrome://version"}
            if await value(desktop, "is_expected_active_tab", "active_tab_info", front):
                break
            await asyncio.sleep(0.2)
        else:
            raise AssertionError("the address bar does not show the last tab")
        close = steps(("chrome_close_tabs", {"urls_to_close": ["chrome://version"]}))
        await run_steps(close, desktop, size=SIZE)
        assert await value(desktop, "is_expected_tabs", "open_tabs_info", one) == 1
        tube = {"type": "keywords", "keywords": ["tube"]}
        assert await value(desktop, "check_history_deleted", "history", tube) == 0
        other = {"type": "keywords", "keywords": ["news"]}
        assert await value(desktop, "check_history_deleted", "history", other) == 1
        no = {"expected": "false"}
        track = "enable_do_not_track"
        assert await value(desktop, "exact_match", track, no, postconfig=AGAIN) == 1


async def test_steps_without_a_browser_or_a_window_fail() -> None:
    asked: list[Any] = []

    def programs(argv: Any) -> ExecResult:
        asked.append(list(argv))
        return ExecResult(1, "{", "no debugging port answers")

    desktop = FakeDesktop(programs=programs)
    await desktop.start()
    for step in (
        ("chrome_open_tabs", {"urls_to_open": [PAGE]}),
        ("execute_with_verification", {"command": "true", "verification": {}}),
    ):
        with pytest.raises(StepError):
            await run_steps(steps(step), desktop, size=SIZE)
    gone = FakeDesktop()
    await gone.start()
    with pytest.raises(StepError, match="has no vlc"):
        await run_steps(steps(("launch", {"command": ["vlc"]})), gone, size=SIZE)
    asked.clear()
    await run_steps(steps(("launch", {"command": ["pkill", "chrome"]})), desktop, size=SIZE)
    assert asked[0] == ["pkill", "chromium"]


async def test_a_command_is_waited_for_until_it_is_verified() -> None:
    asked: list[str] = []

    def programs(argv: Any) -> ExecResult:
        asked.append(argv[-1])
        return ExecResult(0 if argv[-1] == "start" or len(asked) > 3 else 1)

    desktop = FakeDesktop(programs=programs)
    await desktop.start()
    verified = {
        "command": "start",
        "verification": {"command_success": "look"},
        "check_interval": 0.01,
    }
    await run_steps(steps(("execute_with_verification", verified)), desktop, size=SIZE)
    assert asked == ["start", "look", "look", "look"]
    asked.clear()
    late = verified | {"max_wait_time": 0, "verification": {"command_success": "never"}}
    with pytest.raises(StepError, match="did not lead to"):
        await run_steps(steps(("execute_with_verification", late)), desktop, size=SIZE)


@pytest.mark.slow
async def test_a_file_is_opened_and_written_in(desktop: Any) -> None:
    await desktop.put("/home/user/note.txt", b"")
    written = steps(
        ("open", {"path": "/home/user/note.txt"}),
        ("act", {"action": "type", "text": "as told"}),
        ("act", {"action": "keys", "names": ["ctrl", "s"]}),
    )
    await run_steps(written, desktop, size=SIZE)
    for _ in range(50):
        if (held := await desktop.get("/home/user/note.txt")) == b"as told":
            break
        await asyncio.sleep(0.1)
    assert held == b"as told"


@pytest.mark.slow
async def test_steps_on_a_desktop_behind_the_protocol(desktop: Any, opened: Any) -> None:
    async with OSWorldServer(desktop) as server:
        client = OSWorldHTTP(server.url, server.token)
        await client.start()
        launch = ("launch", {"command": ["mousepad"]})
        await run_steps(steps(launch), client, size=SIZE)
        await opened(desktop, ["true"], "Mousepad")
        name = {"window_name": "mousepad"}
        both = steps(("activate_window", name), ("close_window", name))
        await run_steps(both, client, size=SIZE)
        gone = steps(("close_window", {"window_name": "zzz"}))
        with pytest.raises(StepError, match="not found"):
            await run_steps(gone, client, size=SIZE)
        await run_steps(gone, client, size=SIZE, lenient=True)
        with pytest.raises(DesktopError, match="wallpaper"):
            await run_steps(steps(("change_wallpaper", {"path": "/x"})), client, size=SIZE)
        with pytest.raises(StepError, match="wallpaper"):
            await run_steps(steps(("change_wallpaper", {"path": "/x"})), desktop, size=SIZE)
        await client.close()
