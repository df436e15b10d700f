"""The accessibility tree: from the JSON of our desktops, to and from OSWorld's XML."""

from __future__ import annotations

import json
import re
from typing import Any

from tracegraph.envs.desktop.protocol import DesktopError, Element
from tracegraph.errors import MissingExtraError

_DEEPEST = 80
_FIELDS = 9
_NS = "https://accessibility.ubuntu.example.org/ns/"
_STATE, _PLACE = f"{{{_NS}state}}", f"{{{_NS}component}}"
_PAIR = re.compile(r"\((-?\d{1,7}), ?(-?\d{1,7})\)\Z")
# What XML cannot hold.
_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def from_json(text: bytes, width: int, height: int) -> Element:
    """Return the tree that a desktop told; its root is the screen.

    Raises DesktopError when it is none: programs inside may have had a hand in it.
    """
    try:
        role, name, _, _, _, _, _, _, apps = json.loads(text)["root"]
        children = tuple(_element(app, str(app[1]), 1) for app in apps)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise DesktopError(f"the accessibility tree cannot be read: {error}") from error
    return Element(str(role), str(name), "", 0, 0, width, height, frozenset(), children, "")


def to_xml(root: Element) -> str:
    """Return the tree as OSWorld's servers write it."""
    etree = _etree()
    spaces = {"st": f"{_NS}state", "cp": f"{_NS}component"}

    def made(one: Element) -> Any:
        node = etree.Element(_tag(one.role), nsmap=spaces)
        node.set("name", _UNFIT.sub("\ufffd", one.name))
        for state in sorted(one.states):
            node.set(_STATE + _tag(state), "true")
        if one.width > 0 and one.height > 0:
            node.set(_PLACE + "screencoord", f"({one.x}, {one.y})")
            node.set(_PLACE + "size", f"({one.width}, {one.height})")
        if one.text:
            node.text = _UNFIT.sub("\ufffd", one.text)
        node.extend(made(child) for child in one.children)
        return node

    return str(etree.tostring(made(root), encoding="unicode"))


def from_xml(text: str, width: int, height: int) -> Element:
    """Return the tree that an OSWorld server wrote; raises DesktopError when it is none."""
    etree = _etree()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise DesktopError(f"the accessibility tree is no XML: {error}") from error

    def read(node: Any, app: str, depth: int) -> Element:
        if depth > _DEEPEST:
            raise DesktopError("the accessibility tree is nested too deeply")
        role = str(node.tag).rpartition("}")[2].replace("-", " ")
        app = str(node.get("name", "")) if role == "application" else app
        x, y = _pair(node.get(_PLACE + "screencoord"))
        w, h = _pair(node.get(_PLACE + "size"))
        states = {
            name[len(_STATE) :]
            for name, value in node.items()
            if name.startswith(_STATE) and value == "true"
        }
        children = tuple(
            read(child, app, depth + 1) for child in node if isinstance(child.tag, str)
        )
        return Element(
            role, str(node.get("name", "")), (node.text or "").strip("\r\n "), x, y, w, h,
            frozenset(states), children, app,
        )  # fmt: skip

    told = read(root, "", 0)
    return Element(
        told.role, told.name, told.text, 0, 0, width, height, told.states, told.children, ""
    )


def _element(told: list[Any], app: str, depth: int) -> Element:
    if depth > _DEEPEST or len(told) != _FIELDS:
        raise ValueError("it is no tree")
    role, name, text, x, y, width, height, states, children = told
    return Element(
        str(role), str(name), str(text), int(x), int(y), int(width), int(height),
        frozenset(map(str, states)),
        tuple(_element(child, app, depth + 1) for child in children), app,
    )  # fmt: skip


def _tag(name: str) -> str:
    made = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")
    return made if made and made[0].isalpha() else f"unknown{'-' if made else ''}{made}"


def _pair(text: str | None) -> tuple[int, int]:
    match = _PAIR.match(text or "")
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _etree() -> Any:
    try:
        from lxml import etree
    except ImportError:
        raise MissingExtraError("desktop", "lxml") from None
    return etree
