from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.optimizers.placeholders import fillings, placeholder_problem, placeholders

names = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{a} and {b}", ["a", "b"]),
        ("{a} {a}", ["a"]),
        ("{{a}}", []),
        ("{{{a}}}", ["a"]),
        ("{a!r:>10} {b.c} {d[0]}", ["a", "b", "d"]),
        ('{"json": 1}', []),
        ("", []),
    ],
)
def test_names(text: str, found: list[str]) -> None:
    assert placeholders(text) == found


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ("Label {message} in one word", None),
        ("Label the message", "must keep {message}"),
        ("Label {message} as {label}", "nothing fills {label}"),
        ('Label {message} as {"a": 1}', "double any other brace"),
        ('Label {message} as {{"a": 1}}', None),
    ],
)
def test_a_text_keeps_its_places(after: str, problem: str | None) -> None:
    found = placeholder_problem("Sort {message}", after)
    assert found is None if problem is None else problem in (found or "")


def test_a_text_without_places_may_become_anything() -> None:
    assert placeholder_problem("Be brief.", 'Answer as {"label": "x"}') is None


@given(
    st.lists(
        st.one_of(
            names.map(lambda n: f"{{{n}}}"),
            st.text(alphabet="ab {{}}\n.").map(lambda t: t.replace("{", "{{").replace("}", "}}")),
        )
    )
)
def test_the_same_as_format(parts: list[str]) -> None:
    text = "".join(parts)
    expected = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    assert placeholders(text) == list(dict.fromkeys(expected))


@given(st.dictionaries(names, st.text(alphabet="ab\n{", max_size=5), min_size=1, max_size=4))
def test_what_a_template_was_filled_with(values: dict[str, str]) -> None:
    template = "Head: " + "".join(f"<{name}>{{{name}}}</{name}>" for name in values) + "{{end}}"
    assert fillings(template, template.format(**values)) == values


def test_what_was_not_made_from_a_template() -> None:
    assert fillings("Sort {a}", "Label x") is None
    assert fillings("no places", "no places") is None
    assert fillings("{a}", "x" * 50_000) is None
