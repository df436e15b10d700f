"""Getters of what programs have written down: settings of browser, GIMP and VLC."""

from __future__ import annotations

import json
import posixpath
import re
import sqlite3
import tempfile
from typing import Any

from tracegraph.envs.desktop.tasks import browser
from tracegraph.envs.desktop.tasks.evaluators import Spoiled
from tracegraph.envs.desktop.tasks.scene import Scene
from tracegraph.envs.desktop.tasks.windows import StepError

_CONFIG = "/home/user/.config"
_DESKTOP = "/home/user/Desktop"
_VIDEOS = "mp4 mpeg ogg quicktime webm x-avi x-flv x-matroska x-msvideo 3gpp mp2t"
# VLC's own web server, with the password that OSWorld's machines have.
_VLC = """
import base64, urllib.request
call = urllib.request.Request("http://127.0.0.1:8080/requests/status.xml")
call.add_header("Authorization", "Basic " + base64.b64encode(b":password").decode())
print(urllib.request.urlopen(call, timeout=10).read().decode())
"""


async def gimp_config_file(scene: Scene, asked: dict[str, Any]) -> bytes:
    """Return a settings file of GIMP 2.10."""
    return await scene.desktop.get(f"{_CONFIG}/GIMP/2.10/{asked['file_name']}")


async def vlc_config(scene: Scene, asked: dict[str, Any]) -> bytes:
    """Return the settings of VLC."""
    return await scene.desktop.get(f"{_CONFIG}/vlc/vlcrc")


async def vlc_playing_info(scene: Scene, asked: dict[str, Any]) -> str:
    """Return what VLC's web server says of what plays; nothing when it does not answer."""
    told = await scene.desktop.exec(["/usr/bin/python3", "-I", "-c", _VLC])
    return told.stdout if told.code == 0 else ""


async def do_not_track(scene: Scene, asked: dict[str, Any]) -> str:
    """Return "true" or "false": whether the browser asks pages not to track."""
    return _told((await _preferences(scene)).get("enable_do_not_track"))


async def search_engine(scene: Scene, asked: dict[str, Any]) -> str:
    """Return the name of the browser's search engine."""
    chosen = _at(await _preferences(scene), "default_search_provider_data", "template_url_data")
    return str(chosen.get("short_name", "Google"))


async def profile_name(scene: Scene, asked: dict[str, Any]) -> str | None:
    """Return the name of the browser's profile."""
    name: str | None = _at(await _preferences(scene), "profile").get("name")
    return name


async def font_size(scene: Scene, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the sizes of the browser's fonts, in pixels."""
    usual: dict[str, Any] = {
        "default_fixed_font_size": 13,
        "default_font_size": 16,
        "minimum_font_size": 13,
    }
    return usual | _at(await _preferences(scene), "webkit", "webprefs")


async def data_deleted(scene: Scene, asked: dict[str, Any]) -> str:
    """Return "true" or "false": whether the browser has rules for the data of pages."""
    return _told("default_content_setting_values" in _at(await _preferences(scene), "profile"))


async def safe_browsing(scene: Scene, asked: dict[str, Any]) -> str:
    """Return "true" or "false": whether the browser warns of dangerous pages."""
    held = _at(await _preferences(scene), "safebrowsing")
    return _told(held.get("enhanced") or held.get("enabled"))


async def enhanced_safe_browsing(scene: Scene, asked: dict[str, Any]) -> str:
    """Return "true" or "false": whether the browser's enhanced protection is on."""
    return _told(_at(await _preferences(scene), "safebrowsing").get("enhanced"))


async def startup_page(scene: Scene, asked: dict[str, Any]) -> str:
    """Return "true" or "false": whether the browser begins with a new tab."""
    preferences = await _preferences(scene)
    return _told(
        "session" not in preferences or _at(preferences, "session").get("restore_on_startup") == 5
    )


async def appearance(scene: Scene, asked: dict[str, Any]) -> str:
    """Return "light", "dark" or "system": the colours of the browser itself."""
    preferences = await _preferences(scene)
    if _at(preferences, "extensions", "theme").get("system_theme") in (0, "0", False):
        return "light"
    theme = _at(preferences, "browser", "theme")
    held = str(theme.get("color_scheme2", theme.get("color_scheme", ""))).strip().lower()
    return {"1": "light", "light": "light", "2": "dark", "dark": "dark"}.get(held, "system")


async def language(scene: Scene, asked: dict[str, Any]) -> str:
    """Return the language of the browser."""
    return str(_at(await _preferences(scene), "intl").get("app_locale", "en-US"))


async def extension_paths(scene: Scene, asked: dict[str, Any]) -> list[str]:
    """Return the folders of the browser's extensions."""
    held = _at(await _preferences(scene), "extensions", "settings").values()
    return [str(one["path"]) for one in held if isinstance(one, dict) and "path" in one]


async def extension_names(scene: Scene, asked: dict[str, Any]) -> list[str]:
    """Return the names of the browser's extensions."""
    held = _at(await _preferences(scene), "extensions", "settings").values()
    names = [_at(one, "manifest").get("name") for one in held if isinstance(one, dict)]
    return [str(name) for name in names if name]


async def bookmarks(scene: Scene, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the folders of the browser's bookmarks; nothing when there are none."""
    try:
        return _at(_read(await browser.profile_file(scene.desktop, "Bookmarks")), "roots")
    except FileNotFoundError:
        return {}


async def history(scene: Scene, asked: dict[str, Any]) -> list[Any]:
    """Return URL, title and time of each page that the browser's history has."""
    return _rows(
        await browser.profile_file(scene.desktop, "History"),
        "SELECT url, title, last_visit_time FROM urls",
    )


async def cookies(scene: Scene, asked: dict[str, Any]) -> list[Any]:
    """Return the browser's cookies, a row each; the second of its values is the host."""
    return _rows(await browser.profile_file(scene.desktop, "Cookies"), "SELECT * FROM cookies")


async def open_tabs(scene: Scene, asked: dict[str, Any]) -> list[dict[str, str]]:
    """Return title and address of each tab; none when no debugging port answers."""
    try:
        return await browser.tabs(scene.desktop)
    except StepError:
        return []


async def active_url(scene: Scene, asked: dict[str, Any]) -> str | None:
    """Return what the address bar shows."""
    return await browser.address(scene.desktop, asked.get("goto_prefix", "https://"))


async def active_tab(scene: Scene, asked: dict[str, Any]) -> dict[str, str] | None:
    """Return address and title of the tab in front."""
    url = await active_url(scene, asked)
    if url is None:
        return None
    titles = {tab["url"].rstrip("/"): tab["title"] for tab in await open_tabs(scene, asked)}
    return {"url": url, "title": titles.get(url.rstrip("/"), "")}


async def shortcuts(scene: Scene, asked: dict[str, Any]) -> dict[str, str]:
    """Return the contents of the starters on the desktop, by file name."""
    told = await scene.desktop.exec(["ls", "-1", _DESKTOP])
    names = [name for name in told.stdout.splitlines() if name.endswith(".desktop")]
    return {
        name: (await scene.desktop.get(f"{_DESKTOP}/{name}")).decode("utf-8", "replace")
        for name in names
    }


async def video_player(scene: Scene, asked: dict[str, Any]) -> str:
    """Return the starter of the program that opens most kinds of videos."""
    line = f"for kind in {_VIDEOS}; do xdg-mime query default video/$kind; done"
    told = await scene.desktop.exec(["sh", "-c", line], seconds=60)
    found = re.findall(r"\S+\.desktop", told.stdout)
    return max(found, key=found.count) + "\n" if found else "unknown"


async def folder(scene: Scene, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what is in a folder: ``children``, each with a ``name``; FileNotFoundError."""
    path = str(asked["path"])
    told = await scene.desktop.exec(["ls", "-1A", path])
    if told.code != 0:
        raise FileNotFoundError(path)
    children = [{"name": name} for name in told.stdout.splitlines()]
    return {"type": "directory", "name": posixpath.basename(path), "children": children}


async def _preferences(scene: Scene) -> dict[str, Any]:
    return _at(_read(await browser.profile_file(scene.desktop, "Preferences")))


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Spoiled(f"the browser's settings are no JSON: {error}") from error


def _at(told: Any, *path: str) -> dict[str, Any]:
    """Return an object below another one; an empty one for what is not there or is none."""
    for part in path:
        told = told.get(part) if isinstance(told, dict) else None
    return told if isinstance(told, dict) else {}


def _told(value: object) -> str:
    return "true" if value else "false"


def _rows(data: bytes, query: str) -> list[Any]:
    """Return what a query finds in a database file, which an agent may have written."""
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as file:
        file.write(data)
        file.flush()
        base = sqlite3.connect(f"file:{file.name}?mode=ro&immutable=1", uri=True)
        try:
            return base.execute(query).fetchmany(100_000)
        except (sqlite3.DatabaseError, OverflowError, UnicodeDecodeError) as error:
            raise Spoiled(f"the browser's database cannot be read: {error}") from error
        finally:
            base.close()
