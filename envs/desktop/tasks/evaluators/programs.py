"""Checks of settings of GIMP, VLC and LibreOffice."""

from __future__ import annotations

from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, short, text_of
from tracegraph.envs.protocol import EvalError

_COLOURS = "153;210;153;20;210;20;255;199;15;245;39;29"  # VLC's own
_DARK = 100
_OOR = "{http://openoffice.org/2001/registry}"


def check_config_status(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check a setting of GIMP: ``key`` (one word, or two that follow) has ``value``."""
    key = rule["key"] if isinstance(rule["key"], list) else [rule["key"]]
    lines = [line.strip() for line in text_of(result).splitlines()]
    for words in (line.lstrip("(").rstrip(")").split() for line in lines if line[:1] != "#"):
        if words[: len(key)] == key and words[-1] == rule["value"]:
            return Verdict(1.0)
    return Verdict(0.0, f"{' '.join(key)} is not {rule['value']}")


def is_vlc_recordings_folder(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check where VLC puts its recordings."""
    return _vlc(result, "input-record-path", "", rule["recording_file_path"])


def check_qt_bgcone(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check whether VLC shows its cone."""
    return _vlc(result, "qt-bgcone", "1", rule["expected_qt_bgcone"])


def check_qt_max_volume(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check the greatest volume of VLC."""
    return _vlc(result, "qt-max-volume", "125", rule["expected_qt_max_volume"])


def check_qt_minimal_view(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check whether VLC starts in its minimal view."""
    return _vlc(result, "qt-minimal-view", "0", rule["expected_qt_minimal_view"])


def check_one_instance_when_started_from_file(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check whether VLC opens files in the window that is there."""
    name = "one-instance-when-started-from-file"
    return _vlc(result, name, "1", rule["expected_one_instance_when_started_from_file"])


def check_play_and_exit(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check whether VLC ends when what it plays is over."""
    return _vlc(result, "play-and-exit", "0", rule["expected_play_and_exit"])


def check_global_key_play_pause(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check whether a key stops VLC wherever one is."""
    key = _held(text_of(result), "global-key-play-pause", "")
    wanted = str(rule["expected_global_key_play_pause"])
    fine = ("1" if key else "0") == wanted
    return Verdict.of([] if fine else [f"global-key-play-pause is {short(key)}"])


def check_qt_slider_colours(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check the colours of VLC's slider: just so (``match``), or all nearly black."""
    held = _held(text_of(result), "qt-slider-colours", _COLOURS)
    if rule["type"] == "match":
        fine = held == rule["expected_qt_slider_colours"]
    elif rule["type"] == "blackish":
        parts = held.split(";")
        fine = all(part.strip().isdecimal() and int(part) < _DARK for part in parts)
    else:
        raise EvalError(f"check_qt_slider_colours has no type {rule['type']}")
    return Verdict.of([] if fine else [f"the colours are {short(held)}"])


def is_vlc_playing(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check that VLC plays a ``file_name`` or a ``url``, by what its web server says."""
    from lxml import etree

    if rule["type"] not in ("file_name", "url"):
        raise EvalError(f"is_vlc_playing has no type {rule['type']}")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text_of(result).encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Spoiled(f"VLC does not say what it plays: {error}") from error
    state = root.findtext("state")
    if state != "playing":
        return Verdict(0.0, f"VLC is {state}")
    told = {one.get("name"): one.text or "" for one in root.iter("info")}
    names = ("filename", "title", "uri", "url", "URI", "location", "name")
    found = next((told[name] for name in names if told.get(name)), "")
    wanted = str(rule[rule["type"]])
    if rule["type"] == "file_name":
        fine = found == wanted or found.endswith(wanted)
    else:
        fine = wanted in found or found == wanted.partition("?")[0].rpartition("/")[2] != ""
    return Verdict.of([] if fine else [f"VLC plays {short(found)}"])


def check_auto_saving_time(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check after how many ``minutes`` LibreOffice saves by itself."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(result, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Spoiled(f"the settings of LibreOffice cannot be read: {error}") from error
    values = [
        value.text
        for item in root.iter("item")
        if item.get(f"{_OOR}path") == "/org.openoffice.Office.Common/Save/Document"
        for prop in item.iter("prop")
        if prop.get(f"{_OOR}name") == "AutoSaveTimeIntervall"  # its own spelling
        for value in prop.iter("value")
    ]
    fine = bool(values) and str(values[-1]).strip() == str(rule["minutes"])
    return Verdict.of([] if fine else [f"the time is {short(values[-1]) if values else 'unset'}"])


def _vlc(result: Any, name: str, usual: str, wanted: Any) -> Verdict:
    held = _held(text_of(result), name, usual)
    fine = held == str(wanted)
    return Verdict.of([] if fine else [f"{name} is {short(held)}, not {short(wanted)}"])


def _held(text: str, name: str, usual: str) -> str:
    """Return the value of a setting of VLC; what is not changed stands there with a "#"."""
    held = usual
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() == name:
            held = value.strip()
    return held
