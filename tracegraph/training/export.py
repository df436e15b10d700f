"""What a run improved, as plain files that need no tracegraph."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.training.review import Review, Tried, changed
from tracegraph.training.wording import title

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_files(review: Review, candidate: Tried, folder: Path) -> list[Path]:
    """Write each value that differs from the seed, and what it is worth; return the files.

    Texts become .md or .txt files, code .py files, everything else goes into values.json.

    Args:
        review: the run.
        candidate: whose values.
        folder: made when missing; files of the same names are replaced.
    """
    kinds = review.kinds
    values: dict[str, Any] = {}
    files: dict[str, str] = {}
    changes = changed(review.seed, candidate)
    for name, (_, value) in changes.items():
        kind = kinds.get(name, "")
        file = _file_name(name, kind, value, files)
        if file:
            files[file] = value
        else:
            values[name] = value
    texts: dict[str, str] = dict(files)
    if values:
        texts["values.json"] = json.dumps(values, indent=2) + "\n"
    texts["README.md"] = _readme(review, candidate, changes, texts)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        # As bytes: the line breaks of a value are part of it.
        (folder / name).write_bytes(text.encode("utf-8"))
        written.append(folder / name)
    return written


def _file_name(name: str, kind: str, value: Any, taken: Mapping[str, Any]) -> str:
    """Return the name of a value's own file; empty when it goes with the others."""
    if not isinstance(value, str) or kind not in ("text", "code"):
        return ""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return ""
    plain = re.sub(r"[^\w.-]+", "_", name.removeprefix("__code_")).strip("._") or "value"
    if kind == "code":
        ending = ".py"
    else:
        ending = ".md" if re.search(r"^#+ ", value, re.MULTILINE) else ".txt"
    file, number = plain + ending, 2
    while file in taken or file.lower() == "readme.md":
        file, number = f"{plain}-{number}{ending}", number + 1
    return file


def _readme(
    review: Review, candidate: Tried, changes: Mapping[str, Any], files: Mapping[str, str]
) -> str:
    lines = [
        f"# {review.run.name}: improved values", "",
        f"Candidate `{candidate.name}` of run `{review.run.id}`, written by `tracegraph export`.",
        "", worth(review, candidate), "",
        f"Changed: {', '.join(map(title, changes)) or 'nothing'}.", "",
    ]  # fmt: skip
    lines += [f"- `{name}`" for name in files]
    return "\n".join(lines) + "\n"


def worth(review: Review, candidate: Tried) -> str:
    """Say in a sentence or two what is known about a candidate."""
    proof = review.proof
    if candidate.name == review.seed.name:
        return "These are the values that the run started with."
    if proof is None or candidate.name != review.winner.name:
        score = candidate.mean("train")
        said = "" if score is None else f" It scored {score:.3f} on training examples."
        return f"This candidate is not proven to be better.{said}"
    change = proof.difference
    clear = (
        "The interval excludes 0: the change helped."
        if change.low > 0
        else "The interval includes 0: the change is not proven to have helped."
    )
    some = "" if proof.complete else f" The budget ended after {proof.before.count} of them."
    return (
        f"On {proof.planned} locked examples that no decision touched: {proof.before.mean:.3f} "
        f"before, {proof.after.mean:.3f} after, difference {change.mean:+.3f} (95 % interval "
        f"{change.low:+.3f} to {change.high:+.3f}); {proof.wins} better, {proof.losses} worse. "
        f"{clear}{some}"
    )
