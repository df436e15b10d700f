"""Checks of texts: of what programs print and of text files."""

from __future__ import annotations

import csv
import difflib
import io
import re
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Verdict, likeness, short, text_of
from tracegraph.envs.protocol import EvalError


def exact_match(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that the result is the text ``expected``, to the last sign."""
    wanted = rules["expected"]
    found = text_of(result) if isinstance(wanted, str) else result
    return Verdict.of([] if found == wanted else [f"found {short(found)}, not {short(wanted)}"])


def literal_match(result: Any, expected: Any, **options: Any) -> Verdict:
    """Check for equality, by option without regard to case; ``type`` is str or list."""
    kind = options.get("type", "str")
    if kind not in ("str", "list"):
        raise EvalError(f"literal_match has no type {kind}")
    if kind == "str":
        found, wanted = [text_of(result)], [text_of(expected)]
    elif isinstance(result, list | tuple) and isinstance(expected, list | tuple):
        found, wanted = [str(one) for one in result], [str(one) for one in expected]
    else:
        return Verdict(0.0, f"found {short(result)}, which is no list")
    same = found == wanted
    if options.get("ignore_case"):
        same = [one.lower() for one in found] == [one.lower() for one in wanted]
    return Verdict.of([] if same else [f"found {short(found)}, not {short(wanted)}"])


def match_in_list(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that the result is one of the texts ``expected``."""
    found = text_of(result)
    return Verdict.of([] if found in rules["expected"] else [f"found {short(found)}"])


def check_include_exclude(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that all of ``include`` are in the text, and none of ``exclude``."""
    found = text_of(result)
    missing = [f"there is no {short(t)}" for t in rules.get("include", []) if t not in found]
    extra = [f"there is {short(t)}" for t in rules.get("exclude", []) if t in found]
    return Verdict.of(missing + extra)


def check_list(result: Any, rules: dict[str, list[str]]) -> Verdict:
    """Check that each pattern of ``expect`` fits a line, and none of ``unexpect`` does."""
    lines = text_of(result).splitlines()

    def fits(pattern: str) -> bool:
        return any(re.search(pattern, line) for line in lines)

    missing = [f"no line fits {p!r}" for p in rules.get("expect", []) if not fits(p)]
    extra = [f"a line fits {p!r}" for p in rules.get("unexpect", []) if fits(p)]
    return Verdict.of(missing + extra)


def compare_text_file(result: Any, expected: Any, **options: Any) -> Verdict:
    """Check that a text file is as expected, by option without regard to blanks or case."""
    found, wanted = _unix(text_of(result)), _unix(text_of(expected))
    if options.get("ignore_blanks"):
        found, wanted = " ".join(found.split()), " ".join(wanted.split())
    if options.get("ignore_case"):
        found, wanted = found.lower(), wanted.lower()
    return Verdict.of([] if found == wanted else [_difference(found, wanted)])


def diff_text_file(result: Any, expected: Any) -> Verdict:
    """Return how alike two text files are, line by line, from 0 to 1."""
    found, wanted = text_of(result).splitlines(), text_of(expected).splitlines()
    value = difflib.SequenceMatcher(a=found, b=wanted).ratio()
    return Verdict(value, "" if value >= 1 else _difference("\n".join(found), "\n".join(wanted)))


def compare_csv(result: Any, expected: Any, **options: Any) -> Verdict:
    """Check the lines of a CSV file against those of one or of several, any of which is right.

    Spaces around lines count when ``strict``.
    """
    strict, ignore_case = options.get("strict", True), options.get("ignore_case", False)

    def lines(data: Any) -> list[str]:
        read = text_of(data).splitlines()
        read = read if strict else [line.strip() for line in read]
        return [line.lower() for line in read] if ignore_case else read

    found = lines(result)
    choices = [lines(one) for one in (expected if isinstance(expected, list) else [expected])]
    if found in choices:
        return Verdict(1.0)
    return Verdict(0.0, _difference("\n".join(found), "\n".join(choices[0])))


def check_csv(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that each record of ``expect`` is in a CSV file with a header, none of ``unexpect``."""
    rows = list(csv.DictReader(io.StringIO(text_of(result))))

    def there(record: dict[str, Any]) -> bool:
        return any(all(row.get(key) == str(v) for key, v in record.items()) for row in rows)

    missing = [f"there is no record {short(r)}" for r in rules.get("expect", []) if not there(r)]
    extra = [f"there is a record {short(r)}" for r in rules.get("unexpect", []) if there(r)]
    return Verdict.of(missing + extra)


def is_in_list(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that ``expected`` is in the result: one of a list, or a part of a text."""
    found = text_of(result) if isinstance(result, bytes) else result
    fine = rules["expected"] in found
    return Verdict.of([] if fine else [f"there is no {short(rules['expected'])}"])


def fuzzy_match(result: Any, rules: dict[str, Any]) -> Verdict:
    """Give how like the result is to the text ``expected``."""
    found, wanted = text_of(result), str(rules["expected"])
    value = likeness(found, wanted)
    return Verdict(value, "" if value >= 1 else f"found {short(found)}, not {short(wanted)}")


def file_contains(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that all texts of ``expected`` are in a file."""
    return check_include_exclude(result, {"include": rules["expected"]})


def compare_config(result: Any, rules: dict[str, Any], **_: Any) -> Verdict:
    """Check that a settings file is the text ``expected``."""
    return exact_match(_unix(text_of(result)), rules)


def compare_answer(result: Any, rules: dict[str, Any], **_: Any) -> Verdict:
    """Check that an answer is the text ``expected``."""
    return exact_match(text_of(result), rules)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _difference(found: str, wanted: str) -> str:
    lines = zip(found.splitlines(), wanted.splitlines(), strict=False)
    for number, (line, should) in enumerate(lines, 1):
        if line != should:
            return f"line {number} is {short(line)}, not {short(should)}"
    counts = len(found.splitlines()), len(wanted.splitlines())
    if counts[0] != counts[1]:
        return f"there are {counts[0]} lines, not {counts[1]}"
    return "the ends of the texts differ"
