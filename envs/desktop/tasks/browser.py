"""The browser of a desktop: how it starts, its tabs by the debugging port, its history.

Everything runs inside the desktop: the port is reachable from there only.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import PurePosixPath
from typing import Any

from tracegraph.envs.desktop.protocol import Desktop, Element
from tracegraph.envs.desktop.tasks.scene import Scene
from tracegraph.envs.desktop.tasks.windows import StepError
from tracegraph.envs.protocol import EvalError

# The desktop itself is the sandbox, in which the browser's own cannot be built.
CHROMIUM = (
    "chromium", "--no-sandbox", "--test-type", "--no-first-run", "--no-default-browser-check",
    "--password-store=basic", "--force-renderer-accessibility",
)  # fmt: skip
PROFILES = (
    "/home/user/.config/google-chrome/Default", "/home/user/.config/chromium/Default",
)  # fmt: skip
_PORTS = (1337, 9222)
_START_SECONDS = 30.0
_KILLERS = ("pkill", "killall")
_CHROME = ("chrome", "google-chrome", "google-chrome-stable")
# Runs inside: does one thing at the first debugging port that answers, and prints what it says.
_DEVTOOLS = """
import json, sys, time, urllib.parse, urllib.request
what, seconds = sys.argv[1], float(sys.argv[2])
given = sys.argv[3:]
def ask(port, path, method="GET"):
    call = urllib.request.Request(f"http://127.0.0.1:{port}/json/{path}", method=method)
    return urllib.request.urlopen(call, timeout=10).read().decode()
def pages(port):
    return [one for one in json.loads(ask(port, "list")) if one.get("type") == "page"]
end = time.monotonic() + seconds
port = None
while port is None:
    for one in PORTS:
        try:
            pages(one)
        except OSError:
            continue
        port = one
        break
    if port is None and time.monotonic() > end:
        sys.exit("no debugging port answers")
    if port is None:
        time.sleep(0.2)
if what == "open":
    first = [one["id"] for one in pages(port) if one["url"].startswith(("about:blank", "chrome://new"))]
    for url in given:
        ask(port, "new?" + urllib.parse.quote(url, safe=":/?&=#%+,;@"), "PUT")
    for one in first:
        ask(port, "close/" + one)
if what == "close":
    for one in pages(port):
        if one["url"].rstrip("/") in [url.rstrip("/") for url in given]:
            ask(port, "close/" + one["id"])
print(json.dumps([{"title": one["title"], "url": one["url"]} for one in pages(port)]))
""".replace("PORTS", repr(_PORTS))
# Runs inside: writes visits, each a URL, a title and how many seconds ago, into the history.
_VISIT = """
import json, sqlite3, sys, time
base = sqlite3.connect(sys.argv[1], timeout=10)
now = int((time.time() + 11644473600) * 1e6)
for visit in json.loads(sys.argv[2]):
    when = now - int(visit["visit_time_from_now_in_seconds"] * 1e6)
    row = base.execute(
        "INSERT INTO urls (url, title, visit_count, typed_count, last_visit_time, hidden) "
        "VALUES (?, ?, 1, 0, ?, 0)", (visit["url"], visit["title"], when))
    base.execute(
        "INSERT INTO visits (url, visit_time, from_visit, transition, segment_id, visit_duration) "
        "VALUES (?, ?, 0, 805306368, 0, 0)", (row.lastrowid, when))
base.commit()
"""


def as_here(argv: list[str]) -> list[str]:
    """Return a command with Chrome's names replaced by what stands for it here, Chromium.

    Its profile stays where OSWorld's getters look for Chrome's.
    """
    name = PurePosixPath(argv[0]).name
    if name in _CHROME:
        return [*CHROMIUM, "--user-data-dir=/home/user/.config/google-chrome", *argv[1:]]
    if name in _KILLERS and argv[-1] in _CHROME:
        return [*argv[:-1], "chromium"]
    return argv


async def open_tabs(scene: Scene, given: dict[str, Any]) -> None:
    """Open tabs in place of the empty ones; raises StepError when no debugging port answers."""
    await _devtools(scene.desktop, "open", 20, [str(url) for url in given["urls_to_open"]])


async def close_tabs(scene: Scene, given: dict[str, Any]) -> None:
    """Close the tabs of these addresses."""
    await _devtools(scene.desktop, "close", 20, [str(url) for url in given["urls_to_close"]])


async def update_history(scene: Scene, given: dict[str, Any]) -> None:
    """Write visits into the browser's history, while it does not run."""
    try:
        folder = await _profile(scene.desktop, "History")
    except FileNotFoundError:
        folder = await _made_profile(scene.desktop)
    place = f"{folder}/History"
    told = await scene.desktop.exec(
        ["/usr/bin/python3", "-I", "-c", _VISIT, place, json.dumps(given["history"])]
    )
    if told.code != 0:
        raise StepError(f"the browser's history cannot be written: {told.stderr.strip()[-300:]}")


async def tabs(desktop: Desktop) -> list[dict[str, str]]:
    """Return the title and the address of each tab; raises StepError without a port."""
    return await _devtools(desktop, "list", 2, [])


async def address(desktop: Desktop, prefix: str) -> str | None:
    """Return what the address bar shows, after ``prefix``; None when no browser shows one."""
    frame = await desktop.observe(tree=True)
    if frame.tree is None:
        raise EvalError("this desktop does not tell its accessibility tree")
    bars = [one for one in frame.tree.walk() if _is_bar(one)]
    return f"{prefix}{bars[0].text}" if bars and bars[-1].text else None


async def profile_file(desktop: Desktop, name: str) -> bytes:
    """Return a file of the browser's profile; raises FileNotFoundError."""
    return await desktop.get(f"{await _profile(desktop, name)}/{name}")


async def _profile(desktop: Desktop, name: str) -> str:
    for folder in PROFILES:
        try:
            await desktop.get(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        return folder
    raise FileNotFoundError(f"{name} of the browser's profile")


async def _made_profile(desktop: Desktop) -> str:
    """Let the browser make its files, end it, and return their folder."""
    await desktop.exec([*as_here(["google-chrome"]), "about:blank"], background=True)
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while True:
        await asyncio.sleep(0.5)
        try:
            folder = await _profile(desktop, "History")
            break
        except FileNotFoundError:
            if asyncio.get_running_loop().time() > deadline:
                raise StepError("the browser made no profile") from None
    line = (
        "pkill chromium; for i in $(seq 100); do pgrep chromium || exit 0; sleep 0.1; done; exit 1"
    )
    if (await desktop.exec(["sh", "-c", line], seconds=30)).code != 0:
        raise StepError("the browser does not end")
    return folder


async def _devtools(
    desktop: Desktop, what: str, seconds: float, given: list[str]
) -> list[dict[str, str]]:
    told = await desktop.exec(
        ["/usr/bin/python3", "-I", "-c", _DEVTOOLS, what, str(seconds), *given],
        seconds=seconds + 60,
    )
    if told.code != 0:
        raise StepError(f"the browser: {told.stderr.strip()[-300:]}")
    try:
        found = json.loads(told.stdout)
        return [{"title": str(one["title"]), "url": str(one["url"])} for one in found]
    except (ValueError, TypeError, KeyError) as error:
        raise StepError(f"the browser's tabs cannot be read: {error}") from error


def _is_bar(one: Element) -> bool:
    return (
        one.role in ("entry", "text")
        and one.name == "Address and search bar"
        and one.app.lower() in ("chromium", "google chrome", "google-chrome")
    )
