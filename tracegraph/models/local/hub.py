"""Files of the Hugging Face hub, continued where a fetch was interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tracegraph.models.errors import DownloadError


def address(name: str) -> str:
    """Return the URL of `owner/repository/path`; $HF_ENDPOINT names a mirror."""
    owner, repository, path = name.split("/", 2)
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return f"{base}/{owner}/{repository}/resolve/main/{path}"


def download(name: str, partial: Path, size: int, progress: Callable[[int], None]) -> None:
    """Fetch a file into `partial`, after the bytes that it already has.

    Raises:
        DownloadError: the hub is switched off, cannot be reached, or does not have the file.
    """
    import httpx

    if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0"):
        raise DownloadError("HF_HUB_OFFLINE is set")
    have = partial.stat().st_size if partial.exists() else 0
    if have > size:
        partial.unlink()
        have = 0
    if have == size:
        return
    headers = {"accept-encoding": "identity"}  # the bytes as they are: they are counted
    if have:
        headers["range"] = f"bytes={have}-"
    if token := os.environ.get("HF_TOKEN"):
        headers["authorization"] = f"Bearer {token}"
    try:
        with httpx.stream(
            "GET",
            address(name),
            headers=headers,
            follow_redirects=True,
            timeout=httpx.Timeout(60, connect=8),
        ) as response:
            if response.status_code not in (200, 206):
                raise DownloadError(f"{address(name)} answered {response.status_code}")
            if response.status_code == 200:
                have = 0  # the whole file again: this server does not continue
            with partial.open("r+b" if have else "wb") as opened:
                opened.seek(have)
                for chunk in response.iter_raw():
                    opened.write(chunk)
                    have += len(chunk)
                    progress(have)
                opened.truncate()
    except httpx.HTTPError as error:
        raise DownloadError(f"{type(error).__name__} {error}".strip()) from error
    if have < size:
        raise DownloadError(f"the connection ended after {have} of {size} bytes")


def about(name: str) -> tuple[int, str | None]:
    """Return a file's size and, for large files, its SHA-256, as the hub tells them.

    Raises:
        DownloadError: the hub cannot be reached, or does not have the file.
    """
    import httpx

    try:
        response = httpx.head(address(name), timeout=10, follow_redirects=False)
    except httpx.HTTPError as error:
        raise DownloadError(f"the hub cannot be reached: {type(error).__name__}") from error
    if response.status_code >= 400:
        raise DownloadError(f"{address(name)} answered {response.status_code}")
    headers = response.headers
    size = headers.get("x-linked-size") or headers.get("content-length")
    if size is None:
        raise DownloadError(f"{address(name)} does not tell its size")
    etag = headers.get("x-linked-etag", "").strip('"')
    return int(size), etag if len(etag) == 64 else None
