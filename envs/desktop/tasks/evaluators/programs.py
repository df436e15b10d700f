"""Checks of settings of GIMP, VLC and the browser."""

from __future__ import annotations

from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Verdict, short, text_of
from tracegraph.envs.protocol import EvalError


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


def check_font_size(result: dict[str, Any], rule: dict[str, Any]) -> Verdict:
    """Check the size of the browser's letters: a ``value``, or between ``min`` and ``max``."""
    size = result["default_font_size"]
    if rule["type"] not in ("value", "range"):
        raise EvalError(f"check_font_size has no type {rule['type']}")
    fine = size == rule["value"] if rule["type"] == "value" else rule["min"] < size < rule["max"]
    return Verdict.of([] if fine else [f"the size of letters is {size}"])


def _vlc(result: Any, name: str, usual: str, wanted: Any) -> Verdict:
    held = usual
    for line in text_of(result).splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() == name:  # what is not changed stands there with a "#"
            held = value.strip()
    fine = held == str(wanted)
    return Verdict.of([] if fine else [f"{name} is {short(held)}, not {short(wanted)}"])
