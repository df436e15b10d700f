"""What an evaluation looks at: files and the output of programs inside, and what was expected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tracegraph.envs.desktop.protocol import Desktop
from tracegraph.envs.desktop.tasks import programs
from tracegraph.envs.desktop.tasks.assets import fetch
from tracegraph.envs.desktop.tree import to_xml
from tracegraph.envs.protocol import EvalError

Getter = Callable[[Desktop, dict[str, Any]], Awaitable[Any]]


async def get(desktop: Desktop, asked: dict[str, Any]) -> Any:
    """Return what a getter finds: bytes of files, texts of programs, values of rules.

    Raises:
        FileNotFoundError: a file of the desktop is not there; that is a result, not an error.
        EvalError: there is no such getter, or it fails.
    """
    kind = asked.get("type")
    if kind not in _GETTERS:
        raise EvalError(f"there is no getter {kind}; known are {', '.join(_GETTERS)}")
    try:
        return await _GETTERS[kind](desktop, asked)
    except KeyError as error:
        raise EvalError(f"the getter {kind} has no {error}") from error


def unknown(asked: dict[str, Any] | None) -> list[str]:
    """Return why a getter cannot be used, as a text; none when it can."""
    if asked is None or not asked:
        return []
    if asked.get("type") not in _GETTERS:
        return [f"getter {asked.get('type')}"]
    if asked["type"] == "cloud_file" and not _urls(asked)[0].startswith("data:"):
        return [f"getter cloud_file of {_urls(asked)[0][:60]}"]
    return []


async def _vm_file(desktop: Desktop, asked: dict[str, Any]) -> Any:
    path = asked["path"]
    if isinstance(path, list):
        return [await desktop.get(one) for one in path]
    return await desktop.get(path)


async def _command_line(desktop: Desktop, asked: dict[str, Any]) -> str:
    command = asked["command"]
    argv = [str(part) for part in command] if isinstance(command, list) else ["sh", "-c", command]
    if asked.get("shell") and isinstance(command, list):
        argv = ["sh", "-c", " ".join(argv)]
    result = await desktop.exec(argv, seconds=float(asked.get("timeout", 60)))
    return result.stdout


async def _rule(desktop: Desktop, asked: dict[str, Any]) -> Any:
    return asked["rules"]


async def _cloud_file(desktop: Desktop, asked: dict[str, Any]) -> Any:
    found = [fetch(url) for url in _urls(asked)]
    return found if isinstance(asked["path"], list) else found[0]


async def _accessibility_tree(desktop: Desktop, asked: dict[str, Any]) -> str:
    frame = await desktop.observe(tree=True)
    if frame.tree is None:
        raise EvalError("this desktop does not tell its accessibility tree")
    return to_xml(frame.tree)


_GETTERS: dict[str, Getter] = {
    "accessibility_tree": _accessibility_tree, "gimp_config_file": programs.gimp_config_file,
    "vlc_config": programs.vlc_config, "enable_do_not_track": programs.do_not_track,
    "default_search_engine": programs.search_engine, "profile_name": programs.profile_name,
    "chrome_font_size": programs.font_size,
    "vm_file": _vm_file, "vm_command_line": _command_line, "rule": _rule,
    "cloud_file": _cloud_file,
}  # fmt: skip


def _urls(asked: dict[str, Any]) -> list[str]:
    path = asked.get("path", "")
    return [str(one) for one in path] if isinstance(path, list) else [str(path)]
