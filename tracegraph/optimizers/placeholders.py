"""The places to fill in a text parameter: a prompt that loses one no longer says what to do."""

from __future__ import annotations

import re
import string

_FIELD = re.compile(r"(?<!\{)(?:\{\{)*\{([A-Za-z_]\w*)(?:[.\[][^{}]*)?(?:![rsa])?(?::[^{}]*)?\}")

_MOST = 6  # places, and characters of a text, that are matched: more could take long
_LONGEST = 20_000


def placeholders(text: str) -> list[str]:
    """Return the names that ``text.format(…)`` would fill, each once, in order."""
    return list(dict.fromkeys(_FIELD.findall(text)))


def fillings(template: str, text: str) -> dict[str, str] | None:
    """Return what a template was filled with to give a text; None where that cannot be told."""
    names = placeholders(template)
    if not names or len(names) > _MOST or len(text) > _LONGEST or not _formats(template):
        return None
    pattern, seen = [], set()
    for literal, name, _, _ in string.Formatter().parse(template):
        pattern.append(re.escape(literal))
        if name is not None:
            pattern.append(f"(?P={name})" if name in seen else f"(?P<{name}>.*?)")
            seen.add(name)
    try:
        found = re.fullmatch("".join(pattern), text, re.DOTALL)
    except re.error:
        return None
    return found.groupdict() if found else None


def placeholder_problem(before: str, after: str) -> str | None:
    """Return why ``after`` cannot be filled as ``before`` is, or None.

    A text without placeholders is not known to be filled at all, so anything may follow it.
    """
    needed = placeholders(before)
    if not needed:
        return None
    found = placeholders(after)
    if lost := [name for name in needed if name not in found]:
        return f"it must keep {_shown(lost)}, which the program fills in"
    if new := [name for name in found if name not in needed]:
        return f"nothing fills {_shown(new)}: write such text without braces"
    if _formats(before) and not _formats(after):
        return f"braces stand for {_shown(needed)} only; double any other brace"
    return None


def placeholder_rule(text: str) -> str:
    """Return in words what a new text must keep; empty when there is nothing."""
    names = placeholders(text)
    return f"must keep {_shown(names)} exactly, each once, and no other braces" if names else ""


def _shown(names: list[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _formats(text: str) -> bool:
    try:
        return all(
            field is None or field.isidentifier() or field[:1].isalpha()
            for _, field, _, _ in string.Formatter().parse(text)
        )
    except ValueError:
        return False
