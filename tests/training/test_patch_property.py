from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import tracegraph as tg
from tracegraph.training.patch import Change, patched

TEXTS = st.one_of(
    st.text(max_size=200),
    # What ends or escapes a literal, more often than chance would draw it.
    st.lists(
        st.sampled_from(
            ['"', '"""', "'", "\\", "\n", "\r", "\r\n", "\t", " ", "{", "}", "x", "é", "\ud800",
             "\u2028", "\x0c", "\x00", "\ufeff", "long words to be folded somewhere ", "#", "\\N"]
        ),
        max_size=30,
    ).map("".join),
)  # fmt: skip
VALUES = st.recursive(
    TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
SOURCES = st.sampled_from([
    'import tracegraph as tg\np = tg.node(VALUE, name="p", trainable=True)  # end\n',
    'import tracegraph as tg\nVALUE_ = VALUE\np = tg.ParameterNode(VALUE_, name="p", kind="json")',
    'import tracegraph as tg\n\nclass M:\n    def __init__(self):\n        self.p = tg.node(\n'
    '            VALUE, name="p", trainable=True,\n        )\n        self.q = 1\np = M().p\n',
])  # fmt: skip


def value_of(source: str) -> object:
    """Run the source, which the test itself has written."""
    names: dict[str, object] = {}
    exec(compile(source, "patched.py", "exec"), names)
    found = names["p"]
    assert isinstance(found, tg.ParameterNode)
    return found.data


@given(TEXTS, TEXTS, SOURCES)
def test_any_text_round_trips(before: str, value: str, source: str) -> None:
    old = source.replace("VALUE,", repr(before) + ",").replace("= VALUE\n", f"= {before!r}\n")
    made = patched(old, [Change("p", "text", value, before)])
    assert made.missing == {}
    assert value_of(made.source) == value
    back = patched(made.source, [Change("p", "text", before, value)])
    assert value_of(back.source) == before


@given(VALUES)
def test_any_value_round_trips(value: object) -> None:
    source = 'import tracegraph as tg\np = tg.Parameter([0], name="p", kind="json")\n'
    made = patched(source, [Change("p", "json", value, [0])])
    assert made.missing == {}
    assert repr(value_of(made.source)) == repr(value)
