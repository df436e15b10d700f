"""The prompts, as data: Markdown files with front matter, one folder an agent or optimizer.

    ---
    version: 1
    variables: [problem]
    ---
    The answer cannot be used: {problem}

A variable stands in braces; a doubled brace is a brace.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from tracegraph.errors import TracegraphError

__all__ = ["Prompt", "PromptError", "load"]


class PromptError(TracegraphError):
    """A prompt file is broken, or was filled with the wrong variables."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text with named places to fill."""

    name: str
    version: int
    variables: tuple[str, ...]
    body: str
    source: str = ""

    def format(self, **values: object) -> str:
        """Return the body with every variable filled.

        Raises:
            PromptError: a variable is missing, or one is given that the prompt does not have.
        """
        missing = [name for name in self.variables if name not in values]
        unknown = [name for name in values if name not in self.variables]
        if missing or unknown:
            wrong = [f"without {name}" for name in missing] + [f"with {name}" for name in unknown]
            raise PromptError(
                f"prompt {self.name} was filled {', '.join(wrong)}; its variables are "
                f"{', '.join(self.variables) or 'none'}"
            )
        return self.body.format_map(values)


@functools.cache
def load(name: str) -> Prompt:
    """Return the prompt `folder/file`, read once.

    Raises:
        PromptError: there is no such prompt, or its front matter and body do not agree.
    """
    path = resources.files(__name__).joinpath(*f"{name}.md".split("/"))
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PromptError(f"there is no prompt {name} (looked for {name}.md)") from error
    return parse(name, text)


def parse(name: str, text: str) -> Prompt:
    """Return the prompt that a file's text holds."""
    head, fence, body = text.removeprefix("---\n").partition("\n---\n")
    if not text.startswith("---\n") or not fence:
        raise PromptError(f"prompt {name} does not begin with front matter between two --- lines")
    body = body.strip("\n")
    fields = dict(_fields(name, head))
    try:
        used = {field for _, field, _, _ in string.Formatter().parse(body) if field is not None}
    except ValueError as error:
        raise PromptError(f"prompt {name}: {error}; double the braces that are text") from error
    variables = tuple(fields.get("variables", ()))
    if used != set(variables):
        raise PromptError(
            f"prompt {name} declares {sorted(variables)} and uses {sorted(used)}; make them agree"
        )
    version = int(fields.get("version", 1))
    return Prompt(name, version, variables, body, str(fields.get("source", "")))


def _fields(name: str, head: str) -> Iterator[tuple[str, Any]]:
    # The front matter is the small part of YAML that the prompts need: `key: value` and
    # `key: [a, b]`. A YAML library would be a dependency for these few lines.
    for line in head.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, value = line.partition(":")
        if not colon:
            raise PromptError(f"prompt {name}: {line!r} is not `key: value`")
        value = value.strip()
        if value.startswith("[") and value.endswith("]"):
            yield key.strip(), [item.strip() for item in value[1:-1].split(",") if item.strip()]
        else:
            yield key.strip(), value.strip("'\"")
