"""Programs in a sandbox: what they see, what comes back, how each limit ends them."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.conftest import LAYERS, need
from tracegraph.sandbox import Limits, Policy, Sandbox, SandboxError

MIB = 1 << 20
SMALL = Limits(seconds=10, cpu_seconds=10, memory=128 * MIB, disk=4 * MIB, files=100, output=10_000)


async def test_source_runs_and_everything_comes_back(sandbox: Sandbox) -> None:
    result = await sandbox.run(
        "import sys, os\nprint('out', sys.stdin.read())\nprint('err', file=sys.stderr)\n"
        "os.makedirs('a/b'); open('a/b/new.bin', 'wb').write(bytes(range(256)))\n"
        "open('given.txt', 'a').write(' changed')\nopen('same.txt').read()",
        files={"given.txt": "given", "same.txt": b"same", "deep/er/file": b""},
        stdin="in",
    )
    assert (result.status, result.exit_code) == ("ok", 0)
    assert (result.stdout, result.stderr) == ("out in\n", "err\n")
    assert result.artifacts == {"a/b/new.bin": bytes(range(256)), "given.txt": b"given changed"}
    assert result.refused == {}
    assert 0 < result.usage.seconds < 10
    assert result.usage.memory > MIB


async def test_a_command_runs_with_its_exit_code(sandbox: Sandbox) -> None:
    result = await sandbox.run(["/bin/sh", "-c", "echo $HOME; exit 7"])
    assert (result.status, result.exit_code) == ("error", 7)
    assert result.stdout.strip()
    missing = await sandbox.run(["/no/such/program"])
    assert missing.status == "error"
    assert "/no/such/program" in missing.stderr


async def test_files_are_copied_from_paths(sandbox: Sandbox, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("#!/bin/sh\necho ran\n")
    script.chmod(0o700)
    result = await sandbox.run(["./s.sh"], files={"s.sh": script})
    assert result.stdout == "ran\n"


async def test_source_imports_the_files_beside_it(sandbox: Sandbox) -> None:
    files = {"helper.py": "VALUE = 5", "package/__init__.py": "from helper import VALUE as V"}
    result = await sandbox.run(
        "import helper, package\nprint(helper.VALUE + package.V)", files=files
    )
    assert (result.stdout, result.artifacts) == ("10\n", {})


async def test_the_environment_is_cleared(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    result = await sandbox.run("import os\nprint(sorted(os.environ))")
    assert "SECRET" not in result.stdout
    assert "HOME" in result.stdout


async def test_extra_paths_and_variables_are_shown(layer: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2")
    tmp_path.chmod(0o755)
    os.chmod(tmp_path / "data.csv", 0o644)
    policy = Policy(layer=layer, read_only=(tmp_path,), environment={"MODE": "test"})
    async with Sandbox(policy) as sandbox:
        result = await sandbox.run(
            f"import os\nprint(open('{tmp_path}/data.csv').read(), os.environ['MODE'])\n"
            f"open('{tmp_path}/data.csv', 'w')"
        )
    assert result.stdout == "1,2 test\n"
    assert result.status == "error"
    assert (tmp_path / "data.csv").read_text() == "1,2"


@pytest.mark.parametrize(
    ("source", "status", "limits"),
    [
        ("while True: pass", "timeout", {"seconds": 0.7}),
        ("import time\ntime.sleep(60)", "timeout", {"seconds": 0.7}),
        ("while True: pass", "timeout", {"cpu_seconds": 1}),
        ("import os\nos.fork()\nos.fork()\nwhile True: pass", "timeout", {"cpu_seconds": 1}),
        ("x = [bytearray(b'x') * 10**7 for _ in range(100)]", "memory", {}),
        ("x = bytearray(10**11)", "memory", {}),
        ("while True: print('x' * 100)", "output", {}),
        ("import sys\nprint('x' * 20_000, file=sys.stderr)", "output", {}),
        ("open('x', 'wb').write(bytes(8 << 20))", "disk", {}),
        ("for n in range(300): open(str(n), 'wb').write(b'')", "disk", {}),
        ("import os\nos.abort()", "killed", {}),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed", {}),
        ("1/0", "error", {}),
    ],
    ids=[
        "time", "sleep", "cpu", "cpu-of-children", "memory", "one-allocation", "output", "stderr",
        "bytes", "files", "abort", "kill", "error",
    ],
)  # fmt: skip
async def test_each_limit_has_its_status(
    sandbox: Sandbox, source: str, status: str, limits: dict[str, Any]
) -> None:
    begin = time.monotonic()
    result = await sandbox.run(source, limits=SMALL.changed(**limits))
    assert result.status == status, (result.detail, result.stderr)
    assert result.detail or status in ("error", "memory")
    assert len(result.stdout) + len(result.stderr) <= SMALL.output
    assert time.monotonic() - begin < 9


async def test_what_does_not_fit_is_refused_before_it_starts(sandbox: Sandbox) -> None:
    for files in (
        {"../out": b""}, {"/abs": b""}, {"a/../b": b""}, {"": b""}, {"a\0b": b""},
        {"big": bytes(5 * MIB)}, {"none": Path("/no/such/file")},
    ):  # fmt: skip
        result = await sandbox.run("print(1)", files=files, limits=SMALL)
        assert result.status == "refused", files
        assert result.detail


async def test_artifacts_that_may_be_traps_are_refused_and_named(sandbox: Sandbox) -> None:
    result = await sandbox.run(
        "import os, socket\n"
        "os.symlink('/etc/passwd', 'link'); os.symlink('.', 'loop'); os.mkfifo('pipe')\n"
        "open('one', 'w').write('x'); os.link('one', 'two')\n"
        "open('big', 'wb').write(bytes(3 << 20)); open('fine', 'w').write('fine')\n"
        "open(b'na\\xffme', 'w').write('odd')\n"
        "os.mkdir('closed'); open('closed/in', 'w').write('x'); os.chmod('closed', 0)\n",
        limits=SMALL.changed(artifact=2 * MIB),
    )
    assert result.status == "ok", result.stderr
    assert result.artifacts["fine"] == b"fine"
    assert set(result.artifacts) - {"closed/in"} == {"fine", "na\\xffme"}
    assert {"link", "loop", "pipe", "one", "two", "big"} <= set(result.refused)
    assert "symbolic" in result.refused["link"]
    assert "hard links" in result.refused["two"]
    assert "regular" in result.refused["pipe"]
    assert "at most" in result.refused["big"]


async def test_only_wanted_artifacts_are_taken(sandbox: Sandbox) -> None:
    source = "open('a.png', 'w').write('x'); open('b.txt', 'w').write('x')"
    result = await sandbox.run(source, collect=["*.png"])
    assert set(result.artifacts) == {"a.png"}


async def test_runs_side_by_side_do_not_meet(sandbox: Sandbox) -> None:
    source = "import os, time\nopen('mine', 'w').write('x')\ntime.sleep(.2)\nprint(os.listdir('.'))"
    results = await asyncio.gather(*(sandbox.run(source) for _ in range(4)))
    assert [sorted(eval(r.stdout)) for r in results] == [["mine", "program.py"]] * 4


async def test_a_cancelled_run_is_killed(sandbox: Sandbox) -> None:
    task = asyncio.create_task(sandbox.run("import time\ntime.sleep(60)"))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await sandbox.run("print(1)")).ok


async def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox("code")
    with pytest.raises(SandboxError, match="async with"):
        await sandbox.run("print(1)")


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
def test_limits_hold_whatever_they_are(layer: str) -> None:
    need(layer)

    async def check(memory: int, disk: int, output: int, asked: tuple[int, int, int]) -> None:
        limits = SMALL.changed(memory=memory * MIB, disk=disk * MIB, output=output * 1000)
        source = (
            f"x = bytearray(b'x') * ({asked[0]} << 20)\nprint('y' * {asked[1]}000, end='')\n"
            f"with open('f', 'wb') as f:\n    for _ in range({asked[2]}): f.write(bytes(1 << 20))\n"
            "    f.flush()\n"
        )
        result = await opened.run(source, limits=limits)
        assert len(result.stdout) <= output * 1000
        assert len(result.artifacts.get("f", b"")) <= disk * MIB
        if result.ok:
            # Between the look of the watch and the allocation lies a little room.
            assert asked[0] <= memory + 200
            assert asked[1] <= output
            assert asked[2] <= disk
        elif asked[0] < memory - 32 and asked[1] <= output and asked[2] < disk:
            pytest.fail(f"stopped within its limits: {result}")

    numbers = st.integers(1, 40)

    with asyncio.Runner() as runner:
        opened = Sandbox(Policy(layer=layer))
        runner.run(opened.__aenter__())

        @given(
            st.integers(48, 300), numbers, numbers, st.tuples(st.integers(1, 600), numbers, numbers)
        )
        @settings(
            max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        def fuzz(memory: int, disk: int, output: int, asked: tuple[int, int, int]) -> None:
            runner.run(check(memory, disk, output, asked))

        try:
            fuzz()
        finally:
            runner.run(opened.close())
