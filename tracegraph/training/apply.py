"""The values of a candidate written into the file of the workflow, and checked."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.training.errors import TrainingError
from tracegraph.training.patch import Change, Patched, patched, unified_diff
from tracegraph.training.review import Review, Tried, changed

if TYPE_CHECKING:
    from tracegraph import runs


@dataclass(frozen=True, slots=True)
class SourcePatch:
    """A patch on the user's source, and what to know about it."""

    diff: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppliedFile:
    """A file that was changed, how that was checked, and where the old one is."""

    path: Path
    changed: tuple[str, ...]
    check: str
    backup: Path | None


def patch_of(review: Review, candidate: Tried, folder: Path) -> SourcePatch:
    """Return the patch of a candidate's values, with paths below a folder.

    Raises:
        TrainingError: the run names no source, or it cannot be read.
    """
    path = source_of(review)
    old, encoding = _read(path)
    made = patched(old.decode(encoding), changes_of(review, candidate))
    notes = [f"{name} is not in the patch: {why}" for name, why in made.missing.items()]
    if not unchanged(review, old):
        notes.append(f"{path.name} has changed since the run")
    try:
        shown = path.relative_to(folder.resolve()).as_posix()
    except ValueError:
        shown = path.name
        notes.append(f"the patch is for the folder {path.parent}")
    return SourcePatch(unified_diff(old.decode(encoding), made.source, shown), tuple(notes))


def apply_to_file(
    store: runs.Store, review: Review, candidate: Tried, *, force: bool, backup: bool
) -> AppliedFile:
    """Write a candidate's values into the workflow's file; put it back when a check fails.

    Args:
        store: where the run is.
        review: the run.
        candidate: whose values.
        force: also when the file has changed since the run.
        backup: keep the old file.

    Raises:
        TrainingError: the file is not the run's, a value cannot be placed, or the patched file
            does not behave as measured. The file is then as it was.
    """
    from tracegraph.training.recheck import recheck

    path = source_of(review)
    old, encoding = _read(path)
    if not force and not unchanged(review, old):
        raise TrainingError(
            f"{path} has changed since run {review.run.id} was started: look at `tracegraph export "
            f"{review.run.id} --patch`, or apply it with --force"
        )
    made = patched(old.decode(encoding), changes_of(review, candidate), force=force)
    new = _encoded(made, path, encoding)
    if new == old:
        raise TrainingError(f"{path} has these values already")
    kept = path.with_name(f"{path.name}.bak") if backup else None
    if kept is not None:
        shutil.copy2(path, kept)
    replace_file(path, new)
    try:
        check = recheck(store, review, candidate, made.values)
    except BaseException:
        replace_file(path, old)
        raise
    return AppliedFile(path, tuple(made.values), check, kept)


def source_of(review: Review) -> Path:
    """Return the file of the run's workflow.

    Raises:
        TrainingError: the run was not started with a file.
    """
    spec = str(review.run.config.get("spec", ""))
    if not spec:
        raise TrainingError(
            f"run {review.run.id} was not started from a file: use `tracegraph export "
            f"{review.run.id}`, which writes the values as plain files"
        )
    return Path(spec if spec.endswith(".py") else spec.rpartition(":")[0]).resolve()


def changes_of(review: Review, candidate: Tried) -> list[Change]:
    """Return what a candidate changes, for `patched`."""
    kinds = review.kinds
    return [
        Change(name, kinds.get(name, ""), after, before)
        for name, (before, after) in changed(review.seed, candidate).items()
    ]


def unchanged(review: Review, source: bytes) -> bool:
    """Whether a source is the one that the run started with."""
    return hashlib.sha256(source).hexdigest() == review.run.config.get("source_hash")


def replace_file(path: Path, content: bytes) -> None:
    """Put another content in a file at once: at every moment it has the old or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, temporary)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> tuple[bytes, str]:
    try:
        source = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        # Without this codec the mark at the beginning stays where it is.
        return source, "utf-8" if encoding == "utf-8-sig" else encoding
    except (OSError, SyntaxError) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from error


def _encoded(made: Patched, path: Path, encoding: str) -> bytes:
    if made.missing:
        reasons = "; ".join(f"{name}: {why}" for name, why in made.missing.items())
        raise TrainingError(
            f"{path} is left as it is, since not every value can be placed ({reasons}): write "
            "them out with `tracegraph export`"
        )
    try:
        return made.source.encode(encoding)
    except UnicodeEncodeError as error:
        raise TrainingError(
            f"{path} is written in {encoding}, which lacks letters of the new values ({error}): "
            "save it as UTF-8"
        ) from error
