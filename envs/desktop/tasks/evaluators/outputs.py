"""Checks of what programs printed: of the system, its desktop, and of editors."""

from __future__ import annotations

import ast
import re
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, short, text_of
from tracegraph.envs.protocol import EvalError

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)")


def check_gnome_favorite_apps(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check which starters are in GNOME's dock; the order does not count."""
    try:
        found = ast.literal_eval(text_of(result).strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise Spoiled(f"it is no list of starters: {error}") from error
    fine = isinstance(found, list) and sorted(map(str, found)) == sorted(rule["expected"])
    return Verdict.of([] if fine else [f"the dock has {short(found)}"])


def is_utc_0(result: Any) -> Verdict:
    """Check that ``timedatectl`` tells a time zone that is UTC."""
    lines = text_of(result).split("\n")
    fine = len(lines) > 3 and lines[3].rstrip().endswith("+0000)")
    return Verdict.of([] if fine else ["the time zone is not UTC"])


def check_text_enlarged(result: Any) -> Verdict:
    """Check that the factor of the letters is above 1."""
    try:
        factor = float(text_of(result))
    except ValueError as error:
        raise Spoiled(f"it is no factor: {error}") from error
    return Verdict.of([] if factor > 1 else [f"letters have the factor {factor:g}"])


def check_moved_jpgs(result: dict[str, Any], rule: dict[str, Any]) -> Verdict:
    """Check that a folder holds exactly the files ``expected``."""
    found = sorted(str(one["name"]) for one in result["children"])
    fine = found == sorted(rule["expected"])
    return Verdict.of([] if fine else [f"the folder has {short(found)}"])


def is_in_vm_clickboard(result: dict[str, Any], terminal: Any) -> Verdict:
    """Check that the texts ``expected`` of the first argument are in the second one.

    OSWorld's tasks give the rule as the result, and what the terminal shows as what is expected.
    """
    wanted = result["expected"]
    texts = wanted if isinstance(wanted, list) else [wanted]
    found = text_of(terminal)
    return Verdict.of([f"there is no {short(text)}" for text in texts if text not in found])


def is_extension_installed(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that a text is in a list of extensions (``contain``), or is not (``not_contain``)."""
    if rules["type"] not in ("contain", "not_contain"):
        raise EvalError(f"is_extension_installed has no type {rules['type']}")
    there = rules["expected"] in text_of(result)
    fine = there == (rules["type"] == "contain")
    return Verdict.of([] if fine else [f"{rules['expected']} is {'' if there else 'not '}there"])


def check_line_number(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check how many lines of a file hold a time of the day."""
    count = sum(bool(_TIME.search(line)) for line in text_of(result).splitlines())
    fine = str(count) == str(rules["expected"])
    return Verdict.of([] if fine else [f"{count} lines hold a time, not {rules['expected']}"])
