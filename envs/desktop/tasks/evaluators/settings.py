"""Checks of settings and other JSON."""

from __future__ import annotations

import json
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.rules import meets
from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, short, text_of

_FAILED = "__EVALUATION_FAILED__"  # what was expected could not be found out


def check_json_settings(result: Any, expected: dict[str, Any]) -> Verdict:
    """Check that a JSON file has each setting of ``expected`` at its top level."""
    found = _read(result)
    if not isinstance(found, dict):
        raise Spoiled("it is no JSON object")
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
    """Check that a JSON object has the values of ``expected``.

    With ``ignore_list_order`` lists may be in another order. With ``expect_in_result`` a
    text needs only to be contained in the object's, and a list holds the values that are right.
    """
    found = result if isinstance(result, dict) else _read(_quoted(text_of(result)))
    contained, any_order = rules.get("expect_in_result"), rules.get("ignore_list_order")

    def fits(key: str, value: Any) -> bool:
        held = found.get(key) if isinstance(found, dict) else None
        if value == _FAILED:
            return False
        if contained and isinstance(value, list):
            return (
                any(choice in held for choice in value) if isinstance(held, list) else held in value
            )
        if contained and isinstance(value, str) and isinstance(held, str | list):
            return value in held
        if any_order and isinstance(value, list) and isinstance(held, list):
            return sorted(map(str, value)) == sorted(map(str, held))
        return bool(held == value)

    return Verdict.of(
        [
            f"{key} is {short(found.get(key) if isinstance(found, dict) else None)}, "
            f"not {short(value)}"
            for key, value in rules["expected"].items()
            if not fits(key, value)
        ]
    )


def check_json(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check values deep in a JSON file: all of ``expect`` and none of ``unexpect``.

    Each is ``{"key": [path], "method": "eq", "ref": value}``; a path's parts are keys and
    places in lists. A value that is not there meets no ``unexpect`` of the method eq; as OSWorld
    has it, it meets those of all others.
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
        if _meets(found, rule) or (rule["method"] != "eq" and _at(found, rule["key"]) is None)
    ]
    return Verdict.of(problems)


def _quoted(text: str) -> str:
    """Return JSON with double quotes, which some commands print with single ones."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text.strip().replace("'", '"')
    return text


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
        except KeyError:
            return None
        except (IndexError, TypeError) as error:
            raise Spoiled(f"the JSON has no place {short(path)}") from error
    return found


def _meets(found: Any, rule: dict[str, Any]) -> bool:
    value = _at(found, rule["key"])
    return meets(value, rule) and value is not None
