"""What was changed, parameter by parameter, as coloured diffs."""

from __future__ import annotations

from typing import Any

from tracegraph.training.report.markup import Markup, clipped, fold, join, section, tag
from tracegraph.training.review import Review, Tried, changed
from tracegraph.training.wording import title, value_diff

_LOOKS = {"+": "plus", "-": "minus", "@": "hunk"}
_LINES = 400


def changes(review: Review) -> Markup:
    """Return the diffs between the seed and the winner."""
    found = changed(review.seed, review.winner)
    whole = [
        fold("The new value, whole", tag("pre", value))
        if isinstance(value, str) and value.count("\n") > 8
        else None
        for _, value in found.values()
    ]
    return section(
        "What was changed",
        *(
            join([tag("h3", title(name)), difference(name, *values), rest])
            for (name, values), rest in zip(found.items(), whole, strict=True)
        ),
    )


def differences(before: Tried, after: Tried) -> Markup:
    """Return all that differs between two candidates."""
    return join(
        join([tag("h4", title(name)), difference(name, *values)])
        for name, values in changed(before, after).items()
    )


def difference(name: str, before: Any, after: Any) -> Markup:
    """Return the diff of one value."""
    lines = value_diff(before, after, name)[2:]
    if lines[-1:] == [" "]:
        lines.pop()  # the line after the last line break
    if sum(line.startswith("@@") for line in lines) == 1:
        lines = lines[1:]
    rows = [
        tag("span", clipped(line) or " ", class_=_LOOKS.get(line[:1])) for line in lines[:_LINES]
    ]
    if len(lines) > _LINES:
        rows.append(tag("span", f"… {len(lines) - _LINES} more lines", class_="hunk"))
    return tag("pre", *rows, class_="diff")
