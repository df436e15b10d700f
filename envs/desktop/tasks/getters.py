"""What an evaluation looks at: files and the output of programs inside, and what was expected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tracegraph.envs.desktop.protocol import ExecResult
from tracegraph.envs.desktop.tasks import programs
from tracegraph.envs.desktop.tasks.assets import fetch, reachable
from tracegraph.envs.desktop.tasks.scene import Scene
from tracegraph.envs.desktop.tree import to_xml
from tracegraph.envs.protocol import EvalError

Getter = Callable[[Scene, dict[str, Any]], Awaitable[Any]]


async def get(scene: Scene, asked: dict[str, Any]) -> Any:
    """Return what a getter finds: bytes of files, texts of programs, values of rules.

    Raises:
        FileNotFoundError: a file of the desktop is not there; that is a result, not an error.
        EvalError: there is no such getter, or it fails.
    """
    kind = asked.get("type")
    if kind not in _GETTERS:
        raise EvalError(f"there is no getter {kind}; known are {', '.join(_GETTERS)}")
    try:
        return await _GETTERS[kind](scene, asked)
    except KeyError as error:
        raise EvalError(f"the getter {kind} has no {error}") from error


def known(asked: dict[str, Any] | None) -> bool:
    """Return whether a getter is here; there is nothing to get without one."""
    return not asked or asked.get("type") in _GETTERS


def out_of_reach(asked: dict[str, Any] | None) -> list[str]:
    """Return which files a getter would have to fetch from the network, a text each."""
    if not asked or asked.get("type") != "cloud_file":
        return []
    return [f"getter cloud_file of {url[:60]}" for url in _paths(asked) if not reachable(url)]


async def _vm_file(scene: Scene, asked: dict[str, Any]) -> Any:
    found: list[bytes | None] = []
    for path, name in zip(_paths(asked), _names(asked), strict=False):
        try:
            scene.kept[name] = await scene.desktop.get(path)
        except FileNotFoundError:
            found.append(None)
        else:
            found.append(scene.kept[name])
    return _given(asked, found)


async def _cloud_file(scene: Scene, asked: dict[str, Any]) -> Any:
    found: list[bytes | None] = [fetch(url) for url in _paths(asked)]
    for name, data in zip(_names(asked), found, strict=False):
        scene.kept[name] = data or b""
    return _given(asked, found)


async def _cache_file(scene: Scene, asked: dict[str, Any]) -> bytes:
    name = asked["path"]
    if name not in scene.kept:
        raise FileNotFoundError(name)
    return scene.kept[name]


async def _command(scene: Scene, asked: dict[str, Any]) -> ExecResult:
    command = asked["command"]
    argv = [str(part) for part in command] if isinstance(command, list) else ["sh", "-c", command]
    if asked.get("shell") and isinstance(command, list):
        argv = ["sh", "-c", " ".join(argv)]
    return await scene.desktop.exec(argv, seconds=float(asked.get("timeout", 60)))


async def _command_line(scene: Scene, asked: dict[str, Any]) -> str:
    return (await _command(scene, asked)).stdout


async def _command_error(scene: Scene, asked: dict[str, Any]) -> str:
    return (await _command(scene, asked)).stderr


async def _rule(scene: Scene, asked: dict[str, Any]) -> Any:
    return asked["rules"]


async def _accessibility_tree(scene: Scene, asked: dict[str, Any]) -> str:
    frame = await scene.desktop.observe(tree=True)
    if frame.tree is None:
        raise EvalError("this desktop does not tell its accessibility tree")
    return to_xml(frame.tree)


async def _terminal(scene: Scene, asked: dict[str, Any]) -> str:
    frame = await scene.desktop.observe(tree=True)
    if frame.tree is None:
        raise EvalError("this desktop does not tell its accessibility tree")
    found = [one.text.rstrip() for one in frame.tree.walk() if one.role == "terminal"]
    return found[-1] if found else ""


async def _screen_size(scene: Scene, asked: dict[str, Any]) -> dict[str, int]:
    frame = await scene.desktop.observe()
    return {"width": frame.width, "height": frame.height}


_GETTERS: dict[str, Getter] = {
    "accessibility_tree": _accessibility_tree, "cache_file": _cache_file,
    "cloud_file": _cloud_file, "rule": _rule, "vm_command_error": _command_error,
    "vm_command_line": _command_line, "vm_file": _vm_file, "vm_screen_size": _screen_size,
    "vm_terminal_output": _terminal, "list_directory": programs.folder,
    "default_video_player": programs.video_player, "gimp_config_file": programs.gimp_config_file,
    "shortcuts_on_desktop": programs.shortcuts, "vlc_config": programs.vlc_config,
    "vlc_playing_info": programs.vlc_playing_info,
    # Of the browser:
    "active_tab_info": programs.active_tab, "active_url_from_accessTree": programs.active_url,
    "bookmarks": programs.bookmarks, "chrome_appearance_mode_ui": programs.appearance,
    "chrome_font_size": programs.font_size,
    "chrome_language": programs.language, "cookie_data": programs.cookies,
    "data_delete_automacally": programs.data_deleted,
    "default_search_engine": programs.search_engine, "enable_do_not_track": programs.do_not_track,
    "enable_enhanced_safety_browsing": programs.enhanced_safe_browsing,
    "enable_safe_browsing": programs.safe_browsing,
    "find_installed_extension_name": programs.extension_names,
    "find_unpacked_extension_path": programs.extension_paths, "history": programs.history,
    "new_startup_page": programs.startup_page, "open_tabs_info": programs.open_tabs,
    "profile_name": programs.profile_name,
}  # fmt: skip


def _paths(asked: dict[str, Any]) -> list[str]:
    path = asked.get("path", "")
    return [str(one) for one in path] if isinstance(path, list) else [str(path)]


def _names(asked: dict[str, Any]) -> list[str]:
    """Return under which names files are put aside: the task's, else those of the files."""
    named = asked.get("dest")
    if named is None:
        return [path.rpartition("/")[2] for path in _paths(asked)]
    return [str(one) for one in named] if isinstance(named, list) else [str(named)]


def _given(asked: dict[str, Any], found: list[bytes | None]) -> Any:
    """Return the files that go to the evaluation: the one, or those of several that it wants."""
    several = isinstance(asked["path"], list)
    wanted = set(asked.get("gives", [0])) if asked.get("multi") else set(range(len(found)))
    chosen = [number for number in range(len(found)) if number in wanted]
    for number in chosen:
        if found[number] is None:
            raise FileNotFoundError(_paths(asked)[number])
    if len(chosen) == 1 and (asked.get("multi") or not several):
        return found[chosen[0]]
    return [found[number] for number in chosen]
