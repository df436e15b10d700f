"""Kernel: one Jupyter kernel in a sandbox of its own, and a client for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.envs.notebook.outputs import Collector, Ran
from tracegraph.envs.protocol import EnvError
from tracegraph.sandbox import Policy, Sandbox, SandboxError

if TYPE_CHECKING:
    from tracegraph.sandbox import Process

INSIDE = Path(__file__).parent / "inside"
_RUN = "import sys; sys.path.insert(0, {!r}); from inside import main; main.main()"
_START_SECONDS = 60.0
_INTERRUPT_SECONDS = 2.0
_SEND_MILLISECONDS = 1000
_SETTLE_SECONDS = 0.3  # for the last messages of a kernel that has ended
# Of one message, and of messages that wait: what a hostile kernel can make this process hold.
_MESSAGE_BYTES, _WAITING = 8 << 20, 200
# How errors begin that come of the limit on processes and threads.
_FULL = ("BlockingIOError: [Errno 11]", "RuntimeError: can't start new thread")
_SAID = 2000
_FOLDER = "tracegraph-notebook-"  # then the process that made it


class Kernel:
    """A running kernel. When it has died or did not obey, another one takes its place."""

    def __init__(self, sandbox: Sandbox, process: Process, files: Path) -> None:
        self._sandbox, self._process, self._files = sandbox, process, files
        self._client: Any = None
        self._context: Any = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._said = b""
        self._heard = asyncio.Event()
        self._current: tuple[str, Collector, asyncio.Event] | None = None
        self._obeys = True

    @classmethod
    async def start(cls, policy: Policy, preload: Sequence[str]) -> Kernel:
        """Start a kernel and wait until it can run cells; raises EnvError with what to do."""
        files = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
        files.chmod(0o755)
        # In the fallback layer there are no sockets, and a kernel is reached by sockets.
        shown = (*policy.read_only, INSIDE, files)
        sandbox = Sandbox(policy.model_copy(update={"read_only": shown, "layer": "bubblewrap"}))
        kernel: Kernel | None = None
        try:
            await asyncio.to_thread(sandbox.open)
            python = str(policy.python or sys.executable)
            argv = [python, "-I", "-X", "utf8", "-c", _RUN.format(str(INSIDE.parent))]
            kernel = cls(sandbox, await sandbox.start(argv), files)
            async with asyncio.timeout(_START_SECONDS):
                await kernel._connect(preload)
        except (SandboxError, TimeoutError) as error:
            said = f" It said: {kernel.said}" if kernel is not None and kernel.said else ""
            raise EnvError(
                f"no kernel could be started: {error or 'it took too long'}.{said}"
            ) from error
        finally:
            if kernel is None or kernel._client is None or not kernel._heard.is_set():
                await (kernel.close() if kernel is not None else _gone(sandbox, files))
        return kernel

    @property
    def running(self) -> bool:
        """Whether it can run a cell."""
        return self._process.running and self._obeys

    @property
    def said(self) -> str:
        """The end of what its process printed past the protocol."""
        return self._said.decode("utf-8", "replace").strip()[-_SAID:]

    async def prepare(self, files: Mapping[str, Path], seed: int) -> None:
        """Show files, read-only, in the kernel's folder; raises EnvError when that fails."""
        names = [_inside(name) for name in files]
        await asyncio.to_thread(_copy, self._files, dict(zip(names, files.values(), strict=True)))
        code = (
            "__import__('inside.workspace', fromlist=['prepare'])"
            f".prepare({str(self._files)!r}, {names!r}, {seed!r})"
        )
        ran = await self.run(code, _START_SECONDS, silent=True)
        if ran.ended != "idle" or ran.error:
            raise EnvError(f"the kernel's folder could not be prepared: {ran.error or ran.ended}")

    async def number(self, number: int) -> None:
        """Let the next cell have this number."""
        code = f"__import__('IPython').get_ipython().execution_count = {number}"
        await self.run(code, _START_SECONDS, silent=True)

    async def run(self, code: str, seconds: float, *, silent: bool = False) -> Ran:
        """Run a cell. Never raises for what it does.

        After ``seconds`` it is interrupted; when that does not help, or leaves threads behind, the
        kernel is killed with everything that it started. What it started is also killed when it
        failed for want of processes.
        """
        begin = time.perf_counter()
        ran = Ran()
        idle = asyncio.Event()
        try:
            ran.ended = await self._ask(code, ran, idle, seconds, silent=silent)
            if ran.ended == "timeout":
                await self._stop(idle)
            elif ran.ended == "died":
                await asyncio.sleep(_SETTLE_SECONDS)
        except asyncio.CancelledError:
            self._obeys = False
            raise
        finally:
            self._current = None
        full = ran.ended == "idle" and ran.error.startswith(_FULL)
        if full:
            ran.notes.append("there were too many processes or threads; those of cells were killed")
        if (full or ran.ended == "timeout") and self._obeys:
            await self._sweep()
        ran.seconds = time.perf_counter() - begin
        if ran.ended == "died":
            self._obeys = False
            ran.error = await self._why()
        return ran

    async def close(self) -> None:
        """End it with everything that it started."""
        self._obeys = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            self._client.stop_channels()
            self._context.destroy(linger=0)
        with contextlib.suppress(SandboxError):
            await self._process.close()
        await _gone(self._sandbox, self._files)

    async def _connect(self, preload: Sequence[str]) -> None:
        import zmq.asyncio
        from jupyter_client.asynchronous.client import AsyncKernelClient

        key = secrets.token_hex(16)
        self._tasks.append(asyncio.create_task(self._listen(self._process.stderr)))
        settings = json.dumps({"key": key, "preload": list(preload)})
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(settings.encode() + b"\n")
            await self._process.stdin.drain()
        if await self._process.stdout.readline() != b"ready\n":
            await asyncio.wait(self._tasks, timeout=_SETTLE_SECONDS)  # for what it said last
            raise SandboxError("its process ended")
        self._tasks.append(asyncio.create_task(self._listen(self._process.stdout)))
        self._context = zmq.asyncio.Context()
        # Every socket that the client makes; set before it makes them.
        self._context.sockopts[zmq.MAXMSGSIZE] = _MESSAGE_BYTES
        self._context.sockopts[zmq.RCVHWM] = _WAITING
        # A kernel that no longer takes messages must not hold up the event loop.
        self._context.sockopts[zmq.SNDTIMEO] = _SEND_MILLISECONDS
        client: Any = AsyncKernelClient(context=self._context)
        client.load_connection_info({
            "transport": "ipc", "ip": str(self._process.tmp / ".kernel" / "k"), "key": key,
            "signature_scheme": "hmac-sha256", "shell_port": 1, "iopub_port": 2, "stdin_port": 3,
            "control_port": 4, "hb_port": 5,
        })  # fmt: skip
        client.start_channels(hb=False, stdin=False)
        self._client = client
        self._tasks += [
            asyncio.create_task(self._read(client.iopub_channel)),
            asyncio.create_task(self._drop(client.shell_channel)),
        ]
        while not self._heard.is_set():
            # Until the subscription has arrived, what the kernel publishes is lost.
            client.kernel_info()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), 0.25)

    async def _read(self, channel: Any) -> None:
        while True:
            message = await _next(channel)
            if message is None:
                continue
            self._heard.set()
            current = self._current
            parent = message.get("parent_header")
            if current is None or not isinstance(parent, dict):
                continue
            number, collector, idle = current
            if parent.get("msg_id") != number:
                continue
            content = message.get("content")
            kind = message.get("msg_type")
            if not isinstance(content, dict) or not isinstance(kind, str):
                continue
            if kind == "status":
                if content.get("execution_state") == "idle":
                    idle.set()
            else:
                collector.take(kind, content)

    async def _drop(self, channel: Any) -> None:
        # The replies tell nothing that the published messages do not.
        while True:
            await _next(channel)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while block := await stream.read(1 << 14):
            self._said = (self._said + block)[-_SAID:]

    def _send(self, code: str, ran: Ran, idle: asyncio.Event, *, silent: bool) -> None:
        content = {
            "code": code, "silent": silent, "store_history": not silent,
            "user_expressions": {}, "allow_stdin": False, "stop_on_error": False,
        }  # fmt: skip
        message = self._client.session.msg("execute_request", content)
        self._current = (message["header"]["msg_id"], Collector(ran), idle)
        self._client.shell_channel.send(message)

    async def _ask(
        self, code: str, ran: Ran, idle: asyncio.Event, seconds: float, *, silent: bool
    ) -> str:
        """Run code; return how it ended: idle, timeout, died."""
        import zmq

        try:
            self._send(code, ran, idle, silent=silent)
        except zmq.Again:
            await self._kill()
            return "died"
        return await self._until(idle, seconds)

    async def _until(self, idle: asyncio.Event, seconds: float) -> str:
        finished = asyncio.ensure_future(idle.wait())
        ended = asyncio.ensure_future(self._process.wait())
        try:
            done, _ = await asyncio.wait(
                (finished, ended), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            finished.cancel()
            ended.cancel()
        if finished in done:
            return "idle"
        return "died" if ended in done else "timeout"

    async def _stop(self, idle: asyncio.Event) -> None:
        with contextlib.suppress(SandboxError, TimeoutError):
            await asyncio.wait_for(self._process.interrupt(), _INTERRUPT_SECONDS)
        if await self._until(idle, _INTERRUPT_SECONDS) != "idle":
            await self._kill()
            await asyncio.sleep(_SETTLE_SECONDS)

    async def _sweep(self) -> None:
        """Kill what an interrupted cell has left; when that is not possible, the kernel."""
        code = "__import__('inside.sweep', fromlist=['sweep']).sweep()"
        ran = Ran()
        idle = asyncio.Event()
        ended = await self._ask(code, ran, idle, _INTERRUPT_SECONDS, silent=True)
        if ended != "idle" or ran.error:
            await self._kill()
        self._current = None

    async def _kill(self) -> None:
        self._obeys = False
        with contextlib.suppress(SandboxError):
            await self._process.kill()

    async def _why(self) -> str:
        result = await self._process.wait()
        what = result.detail or f"its process ended with exit code {result.exit_code}"
        if result.status == "memory":
            what = "it used more memory than it may"
        return f"KernelDied: {what}"


def remove_stale() -> None:
    """Remove the files that processes which were killed have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            shutil.rmtree(folder, ignore_errors=True)


async def _next(channel: Any) -> dict[str, Any] | None:
    try:
        message: dict[str, Any] = await channel.get_msg(timeout=None)
    except asyncio.CancelledError:
        raise
    except Exception:
        # What comes is made by code that may be hostile: whatever cannot be read is no message.
        await asyncio.sleep(0)
        return None
    return message


async def _gone(sandbox: Sandbox, files: Path) -> None:
    await sandbox.close()
    await asyncio.to_thread(shutil.rmtree, files, ignore_errors=True)


def _inside(name: str) -> str:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or name in ("", "."):
        raise EnvError(f"{name!r} is no name of a file in the notebook's folder")
    return str(path)


def _copy(folder: Path, files: Mapping[str, Path]) -> None:
    for name, source in files.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o444)
        except OSError as error:
            raise EnvError(f"the file {source} cannot be given to the notebook: {error}") from error
