"""Any value: an update is accepted whole, or refused and nothing changes."""

from hypothesis import example, given
from hypothesis import strategies as st

import tracegraph as tg
from tracegraph.graph import CodeError, ConstraintError
from tracegraph.graph.code.policy import CodePolicy

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
) | st.from_regex(r"\s*-?\d+(\.\d*)?\s*", fullmatch=True)  # fmt: skip

parameters = st.sampled_from([
    lambda: tg.Parameter("abc", name="p", max_length=5, pattern=r"\w+"),
    lambda: tg.Parameter(3, name="p", low=0, high=10),
    lambda: tg.Parameter(0.5, name="p", low=0, high=1),
    lambda: tg.Parameter("a", name="p", choices=["a", "b", 1, True]),
    lambda: tg.Parameter(True, name="p"),
    lambda: tg.Parameter([1], name="p", max_length=2),
    lambda: tg.Parameter({}, name="p", kind="json"),
    lambda: tg.Parameter([1], name="p", schema=list[int]),
])  # fmt: skip


@given(parameters, anything)
def test_an_update_is_whole_or_nothing(make, value):
    p = make()
    before = p.data
    try:
        p.update(value)
    except ConstraintError as error:
        assert error.parameter == "p"  # noqa: PT017
        assert (p.data, p.version) == (before, 0)
    else:
        assert p.version == 1
        assert type(p.data) is type(before) or p.kind in ("choice", "json")
        # What was accepted is accepted again, unchanged.
        accepted = p.data
        p.update(accepted)
        assert p.data == accepted


POLICY = CodePolicy("f", "def f(x)")


@given(st.text() | st.text().map(lambda t: f"def f(x):\n    return {t}"))
@example("def f(x):return*0")  # it parses, but cannot be compiled
def test_any_text_as_code_is_accepted_or_refused(text):
    try:
        POLICY.check(text)
    except CodeError:
        return
    compile(text, "f", "exec")
