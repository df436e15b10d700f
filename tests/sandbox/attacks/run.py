"""Run every attack against one layer, or without any, and print as JSON which succeeded.

``python -m tests.sandbox.attacks.run WAY [NAME ...]``, as any user. WAY is a layer, a layer with
"-task" (in a warm worker), or "none", the positive control: a subprocess with a deadline, as
programs without a sandbox do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sandbox.attacks import escaping, exhausting, reaching, reading
from tests.sandbox.attacks.target import Target
from tracegraph.sandbox import Limits, Policy, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracegraph.sandbox import Workers

_LIMITS = Limits(
    seconds=10, cpu_seconds=10, memory=192 << 20, processes=40, output=200_000, disk=16 << 20,
    files=300, artifact=1 << 20,
)  # fmt: skip
# These would go on until they are stopped.
_ENDLESS = {"endless": 1.5, "deaf": 1.5, "stop_itself": 1.5}
_BREACH = "BREACH:"


@dataclass
class Run:
    """One program's end, with or without a sandbox."""

    stdout: str
    status: str
    seconds: float
    artifacts: dict[str, bytes] = field(default_factory=dict)
    claims_success: bool = False
    collector_hung: bool = False
    largest: int = 0
    stderr: str = ""

    @property
    def breached(self) -> bool:
        return _BREACH in self.stdout


def attacks() -> Iterator[tuple[str, Callable[..., Any], Callable[[Target, Run], Any]]]:
    """Yield each attack's name, its function and the check whether it succeeded."""
    for module in (reading, reaching, exhausting, escaping):
        for name, attack in vars(module).items():
            if name.startswith("attack_"):
                short = name.removeprefix("attack_")
                check = getattr(module, f"check_{short}", lambda target, run: run.breached)
                yield short, attack, check


def source_of(attack: Callable[..., Any], told: dict[str, Any]) -> str:
    """Return the program that is run."""
    return (
        f"{inspect.getsource(attack)}\nimport json\n"
        f"evidence = {attack.__name__}(json.loads({json.dumps(told)!r}))\n"
        f"if evidence:\n    print({_BREACH!r}, evidence)\n"
    )


def run_plainly(target: Target, source: str, seconds: float) -> Run:
    """Run it as programs without a sandbox do, and collect what it left without care."""
    folder = Path(tempfile.mkdtemp(dir=target.base))
    (folder / "program.py").write_text(source)
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "program.py"], cwd=folder, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        pass_fds=[target.open_secret],
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=3 * seconds + 3)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    took = time.monotonic() - begin
    run = Run(out, "ok" if process.returncode == 0 else "error", took, stderr=err)
    with contextlib.suppress(ValueError, IndexError, KeyError, TypeError):
        run.claims_success = json.loads(out.splitlines()[-1])["status"] == "ok"
    for path in folder.rglob("*"):
        run.collector_hung |= path.is_fifo()
        if path.is_file():
            run.largest = max(run.largest, path.stat().st_size)
            if path.stat().st_size < 1 << 20:
                run.artifacts[str(path.relative_to(folder))] = path.read_bytes()
    for path in folder.rglob("*/"):
        for inner in path.glob("*.txt"):
            run.artifacts[str(inner)] = inner.read_bytes()
    return run


async def run_in(sandbox: Sandbox, source: str, seconds: float) -> Run:
    """Run it in the sandbox."""
    begin = time.monotonic()
    limits = _LIMITS.changed(seconds=seconds)
    async with asyncio.timeout(60):
        result = await sandbox.run(source, limits=limits)
    largest = max(map(len, result.artifacts.values()), default=0)
    return Run(
        result.stdout, result.status, time.monotonic() - begin, result.artifacts,
        claims_success=result.ok, largest=largest, stderr=result.stderr,
    )  # fmt: skip


async def run_as_task(
    workers: Workers, attack: Callable[..., Any], told: dict[str, Any], seconds: float
) -> Run:
    """Run it in a fresh warm worker."""
    begin = time.monotonic()
    handle = workers.load(inspect.getsource(attack), attack.__name__)
    async with asyncio.timeout(60):
        answer = await workers.call(handle, (told,), seconds=seconds)
    out = answer.stdout + (f"{_BREACH} {answer.value}" if answer.value else "")
    took = time.monotonic() - begin
    return Run(out, answer.status, took, claims_success=answer.ok, stderr=answer.error)


def reachable_python() -> Path | None:
    """Return an interpreter that another user can start, when ours cannot be reached."""
    path = Path(sys.executable).resolve()
    open_to_all = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    return None if open_to_all else Path("/usr/bin/python3")


async def run_all(way: str, names: list[str]) -> dict[str, Any]:
    """Return ``{attack: [succeeded, detail]}``."""
    target = Target(_LIMITS)
    layer = way.removesuffix("-task")
    found: dict[str, Any] = {}
    try:
        async with contextlib.AsyncExitStack() as stack:
            sandbox = workers = None
            if layer == "none":
                sibling = Path(tempfile.mkdtemp(dir=target.base)) / "connection.json"
                sibling.write_text(target.planted)
                target.sibling_path = str(sibling)
            else:
                plain = layer == "landlock"
                python = reachable_python() if plain else None
                policy = Policy(limits=_LIMITS, layer=layer, python=python)
                sandbox = Sandbox(policy)
                # The fallback is for machines without namespaces: no mounts then either.
                sandbox._plain = plain
                await stack.enter_async_context(sandbox)
                process = await sandbox.start(
                    ["/bin/sleep", "600"], files={"connection.json": target.planted}
                )
                await stack.enter_async_context(process)
                target.sibling_path = f"{process.workspace}/connection.json"
                if way != layer:
                    workers = await stack.enter_async_context(sandbox.workers(count=1))
            for name, attack, check in attacks():
                if names and name not in names:
                    continue
                if workers is not None and name.endswith(("_link", "_folder", "_result")):
                    continue  # a task leaves no artifacts
                seconds = _ENDLESS.get(name, _LIMITS.seconds or 10)
                told = target.describe(seconds)
                source = source_of(attack, told)
                if sandbox is None:
                    run = await asyncio.to_thread(run_plainly, target, source, seconds)
                elif workers is not None:
                    run = await run_as_task(workers, attack, told, seconds)
                else:
                    run = await run_in(sandbox, source, seconds)
                succeeded = await asyncio.to_thread(check, target, run)
                last = (run.stderr.strip() or run.stdout.strip()).rpartition("\n")[2]
                found[name] = [bool(succeeded), f"{run.status}, {run.seconds:.1f} s: {last[:150]}"]
    finally:
        target.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run_all(sys.argv[1], sys.argv[2:]))))
