"""What is in the home of a new desktop."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

_OWN = Path(__file__).parent / "home"
# Settings that keep first-run dialogs, animations and blinking cursors away.
_FILES = {
    ".config/openbox/rc.xml": "openbox.xml",
    ".config/gtk-3.0/settings.ini": "gtk3.ini",
    ".gtkrc-2.0": "gtk2.txt",
    ".Xdefaults": "xresources.txt",
    ".config/libreoffice/4/user/registrymodifications.xcu": "libreoffice.xml",
}
_FOLDERS = ("Desktop", "Documents", "Downloads", "Pictures")


def archive(extra: Path | bytes | None = None) -> bytes:
    """Return a tar of the home: settings and empty folders, then ``extra``.

    ``extra`` is a folder or a tar; where both have a file, ``extra`` has the last word.
    """
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name in _FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name, source in _FILES.items():
            tar.add(_OWN / source, name)
        if isinstance(extra, bytes):
            with tarfile.open(fileobj=io.BytesIO(extra)) as given:
                for member in given:
                    tar.addfile(member, given.extractfile(member) if member.isfile() else None)
        elif extra is not None:
            for path in sorted(extra.rglob("*")):
                tar.add(path, str(path.relative_to(extra)), recursive=False)
    return made.getvalue()
