"""Checks of what is on the screen, by the accessibility tree as OSWorld writes it."""

from __future__ import annotations

from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Verdict, likeness, short
from tracegraph.envs.protocol import EvalError
from tracegraph.errors import MissingExtraError

_PARTS = {
    "st": "state", "attr": "attributes", "cp": "component", "doc": "document",
    "docattr": "document/attributes", "txt": "text", "val": "value", "act": "action",
}  # fmt: skip


def check_accessibility_tree(
    result: str, rules: list[dict[str, Any]], osname: str = "ubuntu"
) -> Verdict:
    """Check that each rule finds an element; the value is the product of the rules' likeness.

    A rule has an ``xpath``, or CSS ``selectors``; with ``text`` an element's text must be that,
    with ``exact`` false as like it as can be.
    """
    from lxml import etree

    root = etree.fromstring(result.encode())
    base = f"https://accessibility.{osname}.example.org/ns/"
    spaces = {short_: base + name for short_, name in _PARTS.items()}
    value, problems = 1.0, []
    for rule in rules:
        found = _found(root, rule, spaces)
        wanted = rule.get("text")
        if wanted is None:
            one = float(bool(found))
        else:
            one = max((_like(wanted, e.text or "", rule.get("exact", True)) for e in found),
                      default=0.0)  # fmt: skip
        value *= one
        if one < 1:
            told = rule.get("xpath") or rule.get("selectors")
            problems.append(f"nothing on the screen fits {short(told)} {wanted or ''}".strip())
    return Verdict(value, "; ".join(problems[:3]))


def check_left_panel(result: str) -> Verdict:
    """Check that LibreOffice Impress shows its slides at the left."""
    from lxml import etree

    frames = etree.fromstring(result.encode()).iter("document-frame")
    fine = any(frame.get("name") == "Slides View" for frame in frames)
    return Verdict.of([] if fine else ["there is no view of the slides"])


def _found(root: Any, rule: dict[str, Any], spaces: dict[str, str]) -> list[Any]:
    if "xpath" in rule:
        return list(root.xpath(rule["xpath"], namespaces=spaces))
    if "selectors" not in rule:
        raise EvalError("check_accessibility_tree: a rule has neither xpath nor selectors")
    try:
        from lxml.cssselect import CSSSelector
    except ImportError as error:
        raise MissingExtraError("desktop", "cssselect") from error
    return list(CSSSelector(", ".join(rule["selectors"]), namespaces=spaces)(root))


def _like(wanted: str, found: str, exact: bool) -> float:
    if exact:
        return float(wanted == found)
    return likeness(wanted, found)
