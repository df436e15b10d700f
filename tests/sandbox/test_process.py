"""Long-lived programs: streams, sockets in the workspace, signals, ends; and the network."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.conftest import need
from tracegraph.sandbox import Policy, Process, Sandbox, SandboxUnavailable

PYTHON = sys.executable


def marked(marker: str) -> list[str]:
    """Return the command lines of processes of this machine that hold a marker."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if marker in line:
            found.append(line)
    return found


async def marked_soon(marker: str, count: int) -> bool:
    """Whether so many of them are there, or come within some seconds."""
    deadline = time.monotonic() + 10
    while len(marked(marker)) < count and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return len(marked(marker)) >= count


async def test_streams_go_both_ways_and_the_end_is_told(sandbox: Sandbox) -> None:
    async with await sandbox.start(["/bin/cat"]) as process:
        process.stdin.write(b"hello\n")
        await process.stdin.drain()
        assert await process.stdout.readline() == b"hello\n"
        assert process.running
        process.stdin.close()
        result = await process.wait()
        assert (result.status, result.exit_code) == ("ok", 0)
        assert not process.running


async def test_interrupt_reaches_the_program_only(sandbox: Sandbox) -> None:
    source = (
        "import time\n"
        "try:\n    print('up', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt: print('heard', flush=True)\ninput()"
    )
    async with await sandbox.start([PYTHON, "-c", source]) as process:
        assert await process.stdout.readline() == b"up\n"
        await process.interrupt()
        assert await process.stdout.readline() == b"heard\n"
        assert process.running


async def test_the_whole_tree_ends_with_kill_and_close(sandbox: Sandbox) -> None:
    marker = f"tree-{os.getpid()}-{time.monotonic_ns()}"
    source = (
        "import os, time\nfor _ in range(3):\n"
        "    if os.fork() == 0:\n        os.setsid()\n        os.fork()\n        break\n"
        "print('up', flush=True)\ntime.sleep(100)"
    )
    process = await sandbox.start([PYTHON, "-c", source, marker])
    await process.stdout.readline()
    # The keeper's own (bubblewrap and the like) may carry the marker too.
    assert await marked_soon(marker, 7)
    await process.kill()
    assert marked(marker) == []
    await process.close()
    assert (await process.wait()).status == "killed"


async def test_a_socket_in_the_workspace_joins_both_sides(layer: str) -> None:
    if layer == "landlock":
        pytest.skip("the fallback refuses every socket")
    source = (
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('kernel-ipc')\ns.listen()\n"
        "print('up', flush=True)\nc, _ = s.accept()\nc.sendall(c.recv(100).upper())"
    )
    async with Sandbox("notebook") as sandbox:
        process = await sandbox.start([PYTHON, "-c", source])
        await process.stdout.readline()
        path = process.workspace / "kernel-ipc"
        assert len(str(path)) < 100
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"ping")
            assert sock.recv(100) == b"PING"
        await process.close()
        assert not path.exists()


async def test_files_can_be_put_and_collected_while_it_runs(sandbox: Sandbox) -> None:
    async with await sandbox.start(["/bin/sh"]) as process:
        process.put({"in/a.txt": "given"})
        process.stdin.write(b"cp in/a.txt out.txt; echo done\n")
        assert await process.stdout.readline() == b"done\n"
        taken, refused = await process.collect()
        assert taken == {"out.txt": b"given"}
        assert refused == {}
        assert (await process.usage()).processes >= 1


async def test_another_process_may_share_the_workspace(sandbox: Sandbox) -> None:
    async with await sandbox.start(["/bin/sh"]) as first:
        first.stdin.write(b"echo shared > $TMPDIR/note; echo ok\n")
        assert await first.stdout.readline() == b"ok\n"
        async with await sandbox.start(
            ["/bin/sh", "-c", "cat $TMPDIR/note"], within=first
        ) as second:
            assert await second.stdout.read() == b"shared\n"
        assert first.running


async def test_the_desktop_has_a_user_and_a_home() -> None:
    need("bubblewrap")
    async with Sandbox("desktop") as sandbox:
        result = await sandbox.run(
            ["/bin/sh", "-c", "id -u; id -un; echo $HOME; cd; pwd; touch x && ls; cat /etc/hosts"]
        )
        lines = result.stdout.split("\n")
        assert lines[:5] == ["1000", "user", "/home/user", "/home/user", "x"]


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data[::-1])  # type: ignore[attr-defined]


async def test_exactly_the_allowed_addresses_are_reachable() -> None:
    need("bubblewrap")
    loop = asyncio.get_running_loop()
    allowed = await loop.create_server(Echo, "127.0.0.1", 0)
    other = await loop.create_server(Echo, "127.0.0.1", 0)
    port, closed = (s.sockets[0].getsockname()[1] for s in (allowed, other))
    source = (
        "import socket\n"
        f"for host, port in (('localhost', {port}), ('127.0.0.1', {port}), ('localhost', {closed}),"
        "  ('192.0.2.7', 80), ('example.org', 443)):\n"
        "    try:\n"
        "        with socket.create_connection((host, port), 2) as s:\n"
        "            s.sendall(b'abc')\n            print(s.recv(10))\n"
        "    except OSError as error:\n        print(type(error).__name__)\n"
    )
    async with allowed, other:
        async with Sandbox(Policy(network=(f"localhost:{port}",))) as sandbox:
            result = await sandbox.run(source)
            assert result.stdout.split() == ["b'cba'"] * 2 + result.stdout.split()[2:]
            assert "b'" not in "".join(result.stdout.split()[2:])
        async with Sandbox("code") as sandbox:
            result = await sandbox.run(source)
            assert "b'" not in result.stdout


async def test_names_and_low_ports_are_relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    need("bubblewrap")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()[1]
    connect = asyncio.open_connection

    async def open_connection(host: str | None = None, port: int | None = None, **rest: object):
        # Stands for the world's name service: the allowed name is this machine.
        if host in ("api.example.org", "198.51.100.9"):
            assert port == 80
            return await connect("127.0.0.1", target)
        return await connect(host, port, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "open_connection", open_connection)
    source = (
        "import socket\nfor host in ('api.example.org', '198.51.100.9'):\n"
        "    with socket.create_connection((host, 80), 5) as s:\n"
        "        s.sendall(b'abc')\n        print(s.recv(10))\n"
    )
    policy = Policy(network=("api.example.org:80", "198.51.100.9:80"))
    async with server, Sandbox(policy) as sandbox:
        result = await sandbox.run(source)
    assert result.stdout.split() == ["b'cba'"] * 2, result


async def test_the_fallback_refuses_a_network() -> None:
    need("landlock")
    with pytest.raises(SandboxUnavailable, match="network needs the bubblewrap layer"):
        async with Sandbox(Policy(layer="landlock", network=("localhost:80",))):
            pass


async def test_closing_the_sandbox_ends_its_processes(layer: str) -> None:
    marker = f"closing-{os.getpid()}-{time.monotonic_ns()}"
    async with Sandbox(Policy(layer=layer)) as sandbox:
        process: Process = await sandbox.start(
            [PYTHON, "-c", "import time; time.sleep(99)", marker]
        )
        assert await marked_soon(marker, 1)
        await process.send_signal(signal.SIGUSR2)
        await process.wait()
        await sandbox.start([PYTHON, "-c", "import time; time.sleep(99)", marker])
    assert marked(marker) == []
