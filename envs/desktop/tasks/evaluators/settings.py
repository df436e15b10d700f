"""Checks of settings and other JSON."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, short, text_of
from tracegraph.envs.protocol import EvalError

_MISSING = object()
_METHODS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge,
    "re": lambda value, ref: re.search(ref, str(value)) is not None,
    "in": lambda value, ref: value in ref, "str_list_eq": lambda value, ref: list(value) == ref,
}  # fmt: skip


def check_json_settings(result: Any, expected: dict[str, Any]) -> Verdict:
    """Check that a JSON file has each setting of ``expected`` at its top level."""
    found = _read(result)
    return Verdict.of(
        [
            f"{key} is {short(found.get(key))}, not {short(value)}"
            for key, value in expected["expected"].items()
            if key not in found or found[key] != value
        ]
    )


def check_json_keybindings(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that a list of key bindings holds the one that is ``expected``.

    The first line may be a comment, as editors write it.
    """
    text = text_of(result)
    for part in (text, text.partition("\n")[2]):
        try:
            found = json.loads(part)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, list):
            fine = rules["expected"] in found
            return Verdict.of([] if fine else [f"there is no {short(rules['expected'])}"])
    raise Spoiled("it is no list of key bindings")


def check_direct_json_object(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that a JSON object has the values of ``expected``; lists are choices.

    With ``expect_in_result`` each value needs only to be contained in the object's.
    """
    found = result if isinstance(result, dict) else _read(result)
    contained = rules.get("expect_in_result", False)

    def fits(key: str, value: Any) -> bool:
        choices = value if isinstance(value, list) else [value]
        held = found.get(key, _MISSING)
        if contained:
            return held is not _MISSING and any(str(choice) in str(held) for choice in choices)
        return held in choices or held == value

    return Verdict.of(
        [
            f"{key} is {short(found.get(key))}, not {short(value)}"
            for key, value in rules["expected"].items()
            if not fits(key, value)
        ]
    )


def check_json(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check values deep in a JSON file: all of ``expect`` and none of ``unexpect``.

    Each is ``{"key": [path], "method": "eq", "ref": value}``; a path's parts are keys and
    places in lists.
    """
    found = _read(result)
    problems = [
        f"{'/'.join(map(str, rule['key']))} is {short(_at(found, rule['key']))}"
        for rule in rules.get("expect", [])
        if not _meets(found, rule)
    ]
    problems += [
        f"{'/'.join(map(str, rule['key']))} is {short(rule['ref'])}"
        for rule in rules.get("unexpect", [])
        if _meets(found, rule)
    ]
    return Verdict.of(problems)


def _read(result: Any) -> Any:
    try:
        found = json.loads(text_of(result))
    except (ValueError, RecursionError) as error:
        raise Spoiled(f"it is not JSON: {error}") from error
    if not isinstance(found, dict | list):
        raise Spoiled("it is no JSON object")
    return found


def _at(found: Any, path: list[Any]) -> Any:
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _meets(found: Any, rule: dict[str, Any]) -> bool:
    if rule["method"] not in _METHODS:
        raise EvalError(f"check_json has no method {rule['method']}")
    value = _at(found, rule["key"])
    try:
        return value is not None and _METHODS[rule["method"]](value, rule["ref"])
    except TypeError:
        return False
