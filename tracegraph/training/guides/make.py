"""From a short text, a function or several of them to a guide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.training.guide import Guide, GuideError
from tracegraph.training.guides.code import CodeTest
from tracegraph.training.guides.exact import ExactMatch
from tracegraph.training.guides.function import FunctionGuide
from tracegraph.training.guides.judge import Judge
from tracegraph.training.guides.numeric import Numeric
from tracegraph.training.guides.pattern import Pattern
from tracegraph.training.guides.weighted import Weighted

if TYPE_CHECKING:
    from tracegraph.models import LLM

Spec = str | Guide | Callable[..., Any] | Mapping[str, Any]

_FORMS = "exact, regex:PATTERN, numeric, numeric:0.01, numeric:5%, code, judge:RUBRIC"


def make_guide(spec: Spec, *, llm: LLM | None = None) -> Guide:
    """Return the guide that a spec means.

    Args:
        spec: ``exact``; ``regex:PATTERN``; ``numeric``, ``numeric:TOLERANCE`` or
            ``numeric:PERCENT%``; ``code``; ``judge:RUBRIC``, the rubric in words or the name of
            a .md or .txt file; a function; a guide; or specs by name, for a vector score.
        llm: who judges, where a model does.

    Raises:
        GuideError: it is none of these.
    """
    if isinstance(spec, str):
        return _named(spec, llm)
    if isinstance(spec, Mapping):
        return Weighted({name: make_guide(each, llm=llm) for name, each in spec.items()})
    if isinstance(spec, Guide):
        return spec
    if callable(spec):
        return FunctionGuide(spec)
    raise GuideError(f"{spec!r} is no guide: give one of {_FORMS}, a function or a guide")


def _named(spec: str, llm: LLM | None) -> Guide:
    kind, colon, rest = spec.partition(":")
    match kind.strip(), bool(colon):
        case "exact", False:
            return ExactMatch()
        case "regex", True:
            return Pattern(rest)
        case "numeric", False:
            return Numeric()
        case "numeric", True:
            return _numeric(spec, rest.strip())
        case "code", False:
            return CodeTest()
        case "judge", True:
            return Judge(_rubric(rest.strip()), llm)
    raise GuideError(f"there is no guide {spec!r}: use {_FORMS}")


def _numeric(spec: str, tolerance: str) -> Numeric:
    try:
        if tolerance.endswith("%"):
            return Numeric(relative=float(tolerance[:-1]) / 100)
        return Numeric(float(tolerance))
    except ValueError as error:
        raise GuideError(f"{spec!r}: {tolerance!r} is no tolerance, as 0.01 or 5%") from error


def _rubric(text: str) -> str:
    if text.endswith((".md", ".txt")) and "\n" not in text:
        try:
            return Path(text).read_text("utf-8")
        except OSError as error:
            raise GuideError(f"the rubric {text} cannot be read: {error.strerror}") from error
    return text
