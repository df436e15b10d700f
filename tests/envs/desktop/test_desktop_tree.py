"""The accessibility tree as JSON and as OSWorld's XML."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.envs.desktop import tree
from tracegraph.envs.desktop.protocol import DesktopError, Element

TEXT = st.text(st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cc", "Cn", "Co")))
LABEL = TEXT.map(str.strip)
ROLES = st.sampled_from(["push button", "menu item", "text", "table cell", "frame"])
STATES = st.frozensets(st.sampled_from(["focused", "showing", "multi-line"]))


def nodes(children):
    return st.builds(
        Element, ROLES, LABEL, LABEL, st.integers(-9, 2000), st.integers(-9, 2000),
        st.integers(1, 2000), st.integers(1, 2000), STATES, children, st.just("App"),
    )  # fmt: skip


NODES = st.recursive(
    nodes(st.just(())), lambda inner: nodes(st.lists(inner).map(tuple)), max_leaves=8
)


@given(NODES)
def test_xml_goes_there_and_back(node):
    app = Element("application", "App", "", 0, 0, 0, 0, frozenset(), (node,), "App")
    root = Element("desktop frame", "main", "", 0, 0, 640, 480, frozenset(), (app,), "")
    assert tree.from_xml(tree.to_xml(root), 640, 480) == root


@given(st.text())
def test_what_no_xml_can_hold_is_replaced(text):
    one = Element("text", text, text, 0, 0, 1, 1, frozenset(), (), "")
    tree.from_xml(tree.to_xml(one), 1, 1)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=20))
def test_hostile_json_is_refused_or_read(value):
    try:
        tree.from_json(json.dumps({"root": value}).encode(), 1, 1)
    except DesktopError:
        return
    except OverflowError:
        pytest.fail("it must be a DesktopError")


def test_hostile_text_is_refused():
    deep = ["text", "", "", 0, 0, 0, 0, [], []]
    for _ in range(300):
        deep = ["text", "", "", 0, 0, 0, 0, [], [deep]]
    for data in (b"", b"[" * 100_000, b'{"root": []}', json.dumps({"root": deep}).encode()):
        with pytest.raises(DesktopError):
            tree.from_json(data, 1, 1)
    bomb = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    assert "root:" not in tree.from_xml(bomb, 1, 1).text
    with pytest.raises(DesktopError):
        tree.from_xml("<a", 1, 1)
