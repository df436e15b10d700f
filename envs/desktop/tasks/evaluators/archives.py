"""Office files are archives: how large one may become when it is read."""

from __future__ import annotations

import io
import zipfile

_MOST_BYTES = 256 << 20
_MOST_FILES = 10_000


def check_archive(data: bytes) -> None:
    """Raise ValueError for an archive that would fill the memory, or that is none.

    What its head tells of a file is also the most that is read of it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            held = packed.infolist()
    except zipfile.BadZipFile as error:
        raise ValueError(f"it is no archive: {error}") from error
    size = sum(one.file_size for one in held)
    if size > _MOST_BYTES or len(held) > _MOST_FILES:
        raise ValueError(f"it holds {len(held)} files of {size} bytes")
