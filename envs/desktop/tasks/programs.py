"""Getters of what programs have written down: settings of browser, GIMP and VLC."""

from __future__ import annotations

import json
from typing import Any

from tracegraph.envs.desktop.protocol import Desktop

_CONFIG = "/home/user/.config"
_BROWSERS = ("google-chrome", "chromium")


async def gimp_config_file(desktop: Desktop, asked: dict[str, Any]) -> bytes:
    """Return a settings file of GIMP 2.10."""
    return await desktop.get(f"{_CONFIG}/GIMP/2.10/{asked['file_name']}")


async def vlc_config(desktop: Desktop, asked: dict[str, Any]) -> bytes:
    """Return the settings of VLC."""
    return await desktop.get(f"{_CONFIG}/vlc/vlcrc")


async def do_not_track(desktop: Desktop, asked: dict[str, Any]) -> str:
    """Return "true" or "false": whether the browser asks pages not to track."""
    return "true" if (await _preferences(desktop)).get("enable_do_not_track") else "false"


async def search_engine(desktop: Desktop, asked: dict[str, Any]) -> str:
    """Return the name of the browser's search engine."""
    chosen = (await _preferences(desktop)).get("default_search_provider_data", {})
    return str(chosen.get("template_url_data", {}).get("short_name", "Google"))


async def profile_name(desktop: Desktop, asked: dict[str, Any]) -> str | None:
    """Return the name of the browser's profile."""
    name: str | None = (await _preferences(desktop)).get("profile", {}).get("name")
    return name


async def font_size(desktop: Desktop, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the sizes of the browser's fonts, in pixels."""
    usual: dict[str, Any] = {
        "default_fixed_font_size": 13,
        "default_font_size": 16,
        "minimum_font_size": 13,
    }
    told: dict[str, Any] = (await _preferences(desktop)).get("webkit", {}).get("webprefs", {})
    return usual | told


async def _preferences(desktop: Desktop) -> dict[str, Any]:
    for browser in _BROWSERS:
        try:
            found = await desktop.get(f"{_CONFIG}/{browser}/Default/Preferences")
        except FileNotFoundError:
            continue
        told = json.loads(found)
        return told if isinstance(told, dict) else {}
    raise FileNotFoundError("the browser's Preferences")
