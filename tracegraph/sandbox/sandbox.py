"""Sandbox: run programs that a model wrote where they can hurt nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox import layers, network, view
from tracegraph.sandbox.errors import SandboxError, SandboxRefused, SandboxUnavailable
from tracegraph.sandbox.keeper import Keeper, checked
from tracegraph.sandbox.policy import Limits, Policy
from tracegraph.sandbox.process import Place, Process, judge, usage_of
from tracegraph.sandbox.result import Result
from tracegraph.sandbox.streams import Collector, memory_file, pipe_streams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.sandbox.layers import Layer
    from tracegraph.sandbox.workers import Workers

_PROGRAM = "program.py"
_DRAIN_SECONDS = 5.0


class Sandbox:
    """An isolated place for programs; each run gets a workspace of its own.

    ``policy`` is a Policy, the name of a profile (code, notebook, solver, desktop) or a TOML file.
    With ``unsafe``, programs run with limits only where nothing better works. Use it as an async
    context manager; when it closes, or this process ends, nothing of it is left.
    """

    def __init__(
        self, policy: Policy | str | os.PathLike[str] = "code", *, unsafe: bool = False
    ) -> None:
        self.policy = Policy.load(policy)
        self._unsafe = unsafe
        self._plain = False  # tests ask for plain folders where mounts would work
        self._keeper: Keeper | None = None
        self._layer: Layer = "none"
        self._listen: list[tuple[str, int]] = []
        self._processes: set[Process] = set()

    @property
    def layer(self) -> Layer:
        """The layer that holds the programs: bubblewrap, landlock, or none."""
        return self._layer

    def open(self) -> None:
        """Choose the layer and start the keeper; raises SandboxUnavailable with the remedy."""
        if self._keeper is not None:
            return
        offers = layers.offers()
        self._layer = offers.choose(self.policy.layer, unsafe=self._unsafe)
        names, self._listen = network.addresses(self.policy.network)
        if self._listen and self._layer == "landlock":
            raise SandboxUnavailable(
                "network needs the bubblewrap layer. " + "; ".join(offers.remedies())
            )
        keeper = Keeper(plain=self._plain)
        try:
            keeper.call("setup", view=view.build(self.policy, self._layer, offers.bwrap, names))
        except BaseException:
            keeper.close()
            raise
        self._keeper = keeper

    def close_now(self) -> None:
        """End every program at once and remove every workspace."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.close()

    async def __aenter__(self) -> Sandbox:
        await asyncio.to_thread(self.open)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every program, wait until all is gone, and remove every workspace."""
        for process in list(self._processes):
            with contextlib.suppress(SandboxError):
                await process.close()
        self._processes.clear()
        await asyncio.to_thread(self.close_now)

    async def run(
        self,
        program: str | Sequence[str],
        *,
        files: Mapping[str, bytes | str | os.PathLike[str]] | None = None,
        stdin: bytes | str = b"",
        limits: Limits | None = None,
        collect: Sequence[str] = ("*",),
    ) -> Result:
        """Run a program to its end: Python source (a text) or a command (a list).

        ``files`` are put into the workspace, its working directory; files that it makes or
        changes there and whose relative path matches a pattern of ``collect`` are artifacts.
        Never raises for what the program does. Raises SandboxError when the sandbox is closed.
        """
        limits = limits or self.policy.limits
        argv, source = self._command(program)
        place: Place | None = None
        try:
            try:
                place = await self._place(limits)
                await asyncio.to_thread(self._put, place, source, files or {})
            except SandboxRefused as error:
                return Result("refused", detail=str(error))
            return await self._run(argv, place, stdin, limits, collect)
        finally:
            if place is not None:
                place.drop()

    async def start(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, bytes | str | os.PathLike[str]] | None = None,
        limits: Limits | None = None,
        within: Process | None = None,
    ) -> Process:
        """Start a program that lives on: a kernel, a display.

        ``within`` shares the workspace, home and /tmp of another process, but no namespaces.
        """
        limits = limits or self.policy.limits
        if within is None:
            place = await self._place(limits)
        else:
            place = within._place
            place.users += 1
        opened: list[int] = []
        try:
            await asyncio.to_thread(self._put, place, {}, files or {})
            ours, theirs, streams = await pipe_streams()
            opened = [*theirs]
            try:
                job, ended, told, relay = await self._launch(list(argv), place, limits, theirs)
            except BaseException:
                ours()
                raise
        except BaseException:
            place.drop()
            raise
        finally:
            for descriptor in opened:
                os.close(descriptor)
        process = Process(
            self._open_keeper(), job, place, told["folders_inside"], ended, streams, relay, limits
        )
        self._processes.add(process)
        ended.add_done_callback(lambda _: self._processes.discard(process))
        return process

    def workers(
        self,
        preload: Sequence[str] = (),
        count: int = 1,
        *,
        keep: bool = False,
        limits: Limits | None = None,
    ) -> Workers:
        """Return a pool of warm workers, to be used as an async context manager.

        ``preload`` are modules to import once; ``count`` tasks run at a time. With ``keep`` a
        process serves many tasks, else each task gets a fresh one. See Workers.
        """
        from tracegraph.sandbox.workers import Workers

        return Workers(self, preload, count, keep=keep, limits=limits or self.policy.limits)

    # Steps.

    def _command(self, program: str | Sequence[str]) -> tuple[list[str], dict[str, str]]:
        if isinstance(program, str):
            return [view.python_of(self.policy), _PROGRAM], {_PROGRAM: program}
        return list(program), {}

    def _open_keeper(self) -> Keeper:
        if self._keeper is None:
            raise SandboxError("the sandbox is not open; use it in an async with statement")
        return self._keeper

    async def _place(self, limits: Limits) -> Place:
        keeper = self._open_keeper()
        number = keeper.number()
        future = keeper.ask("place", place=number, disk=limits.disk, files=limits.files)
        reply = checked(await asyncio.wrap_future(future))
        return Place(keeper, number, reply[1][0])

    def _put(
        self,
        place: Place,
        source: dict[str, str],
        files: Mapping[str, bytes | str | os.PathLike[str]],
    ) -> None:
        if source or files:
            place.put({**source, **files}, place.owner())

    async def _launch(
        self, argv: list[str], place: Place, limits: Limits, descriptors: list[int]
    ) -> tuple[int, asyncio.Future[dict[str, Any]], dict[str, Any], network.Relay | None]:
        keeper = self._open_keeper()
        job = keeper.number()
        ended = asyncio.wrap_future(keeper.expect(job))
        try:
            future = keeper.ask(
                "launch",
                descriptors,
                **launch_message(job, place.number, argv, limits, self._listen),
            )
            told, listening = checked(await asyncio.wrap_future(future))
        except BaseException:
            ended.cancel()
            keeper.forget(job)
            raise
        relay = network.Relay(self.policy.network, listening) if listening else None
        told["folders_inside"] = view.folders_inside(self._layer, told["folders"])
        return job, ended, told, relay

    async def _run(
        self,
        argv: list[str],
        place: Place,
        stdin: bytes | str,
        limits: Limits,
        collect: Sequence[str],
    ) -> Result:
        keeper = self._open_keeper()
        collector = Collector(limits.output)
        given = memory_file(stdin.encode() if isinstance(stdin, str) else stdin)
        relay: network.Relay | None = None
        job = 0
        try:
            theirs = [given, *collector.open()]
            try:
                job, ended, _, relay = await self._launch(argv, place, limits, theirs)
            except SandboxRefused as error:
                return Result("refused", detail=str(error))
            finally:
                collector.opened()
            collector.on_full = lambda: keeper.ask("kill", job=job, reason="output")
            try:
                outcome = await asyncio.shield(ended)
            except asyncio.CancelledError:
                with contextlib.suppress(SandboxError):
                    keeper.ask("kill", job=job, reason="killed")
                raise
            await collector.finished(_DRAIN_SECONDS)
        finally:
            os.close(given)
            collector.close()
            if relay is not None:
                await relay.close()
        stdout, stderr = collector.texts()
        status, detail = judge(outcome, stderr)
        if collector.full and status in ("ok", "error", "output", "killed"):
            status, detail = "output", f"it printed more than {limits.output} bytes"
        artifacts, refused = await asyncio.to_thread(place.collect, collect, limits)
        return Result(
            status, outcome["code"], stdout, stderr, artifacts, refused, detail,
            usage_of(outcome["usage"]),
        )  # fmt: skip


def launch_message(
    job: int,
    place: int,
    argv: Sequence[str],
    limits: Limits,
    listen: Sequence[tuple[str, int]] = (),
    *,
    each: bool = False,
) -> dict[str, Any]:
    """Return the request that starts a program.

    With ``each``, memory is limited for each process instead of the sum.
    """
    return {
        "job": job,
        "place": place,
        "argv": list(argv),
        "network": [list(pair) for pair in listen],
        "each": each,
        "limits": {
            "seconds": limits.seconds or 0,
            "cpu": max(1, int(limits.cpu_seconds)),
            "memory": limits.memory,
            "processes": limits.processes,
            "disk": limits.disk,
            "files": limits.files,
            "descriptors": limits.descriptors,
        },
    }
