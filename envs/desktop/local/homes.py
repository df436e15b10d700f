"""What is in the home of a new desktop."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

_OWN = Path(__file__).parent / "home"


def archive(extra: Path | bytes | None = None) -> bytes:
    """Return a tar of the home: settings that keep first-run dialogs away, then ``extra``.

    ``extra`` is a folder or a tar; where both have a file, ``extra`` has the last word.
    """
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        _add(tar, _OWN)
        if isinstance(extra, bytes):
            with tarfile.open(fileobj=io.BytesIO(extra)) as given:
                for member in given:
                    tar.addfile(member, given.extractfile(member) if member.isfile() else None)
        elif extra is not None:
            _add(tar, extra)
    return made.getvalue()


def _add(tar: tarfile.TarFile, folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.name != ".keep":
            tar.add(path, str(path.relative_to(folder)), recursive=False)
