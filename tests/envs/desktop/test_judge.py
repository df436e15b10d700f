"""Scores through `desktop-env`: a small package that stands for it, and the real one."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.osworld.judge import judge
from tracegraph.envs.desktop.osworld.package import find_package
from tracegraph.envs.desktop.protocol import ExecResult
from tracegraph.envs.desktop.tasks import evaluate, parse_task, unsupported
from tracegraph.envs.desktop.tasks.assets import data_url
from tracegraph.envs.desktop.tasks.evaluators import load, native
from tracegraph.envs.desktop.tasks.schema import Part
from tracegraph.envs.protocol import EvalError, Score
from tracegraph.errors import TracegraphError

# As the package is laid out: names in `__init__`, functions in modules with heavy imports.
METRICS_INIT = """
from .files import (same, broken, prints, leaves, needs_none, needs_other, needs_model, runs,
                    peeks, calls, forges, hungry)
from .other import heavy
raise SystemExit("the package must not be imported as a whole")
"""
METRICS = """
import importlib.util, os, socket
import not_installed
from not_installed import thing as other_thing
import easyocr
from .other import heavy

def same(result, expected, **options):
    with open(result) as one, open(expected) as other:
        return one.read() == other.read()
def broken(result, expected):
    raise ValueError("cannot compare")
def prints(result, expected):
    print('{"score": 1.0}')
    return 0.25
def leaves(result, expected):
    os._exit(0)
def needs_none(result, expected):
    try:
        return not_installed.compare(result)
    except Exception:
        return 1.0
def needs_other(result, expected):
    return heavy(result)
def needs_model(result, expected):
    return easyocr.Reader(["en"])
def runs(result, expected):
    return eval(open(result).read())
def peeks(result, expected):
    return float(os.path.exists(expected["place"]))
def calls(result, expected):
    try:
        socket.create_connection(("127.0.0.1", expected["port"]), 2)
    except OSError:
        return 0.0
    return 1.0
def forges(result, expected):
    return float("inf")
def hungry(result, expected):
    with open(result) as file:
        return float(bool(bytearray(64 << 30 if file.read() == "bomb" else 1)))
"""
GETTERS = """
import os, requests, playwright
def get_vm_file(env, config):
    data = env.controller.get_file(config["path"])
    if data is None:
        return None
    place = os.path.join(env.cache_dir, config["dest"])
    with open(place, "wb") as file:
        file.write(data)
    return place
def get_cloud_file(env, config):
    place = os.path.join(env.cache_dir, config["dest"])
    with open(place, "wb") as file:
        for block in requests.get(config["path"], stream=True).iter_content(chunk_size=8192):
            file.write(block)
    return place
def get_rule(env, config):
    return config["rules"]
def get_from_net(env, config):
    return requests.get("https://example.org/").text
def get_elsewhere(env, config):
    return requests.post(f"http://{env.vm_ip}:{env.server_port}" + config["to"], json={}).text
def get_tabs(env, config):
    return playwright.sync_api()
def get_said(env, config):
    told = requests.post(f"http://{env.vm_ip}:{env.server_port}/execute",
                         json={"command": config["command"], "shell": False}).json()
    place = os.path.join(env.cache_dir, "said")
    with open(place, "w") as file:
        file.write(told["output"])
    return place
"""
CONTROLLER = """
import requests
class PythonController:
    def __init__(self, host, port):
        self.url = f"http://{host}:{port}"
        self.retry_times = 3
    def get_file(self, path):
        for _ in range(self.retry_times):
            answer = requests.post(self.url + "/file", data={"file_path": path})
            if answer.status_code == 200:
                return answer.content
"""


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with a package that is laid out as `desktop-env` is."""
    place = tmp_path_factory.mktemp("package")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    root = next(place.glob("lib/python3*/site-packages")) / "desktop_env"
    for path, text in {
        "__init__.py": "raise SystemExit('not as a whole')",
        "controllers/__init__.py": "", "controllers/python.py": CONTROLLER,
        "evaluators/__init__.py": "", "evaluators/metrics/__init__.py": METRICS_INIT,
        "evaluators/metrics/files.py": METRICS,
        "evaluators/metrics/other.py": "import not_there\ndef heavy(x): return not_there.y(x)",
        "evaluators/getters/__init__.py":
            "from .all import get_vm_file, get_cloud_file, get_rule, get_from_net, get_tabs, "
            "get_said, get_elsewhere",
        "evaluators/getters/all.py": GETTERS,
    }.items():  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return place


@pytest.fixture
def here(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_DESKTOP_ENV", str(stand_in))


def check(func: str, expected: Any = b"yes", result: Any = None) -> dict[str, Any]:
    wanted: dict[str, Any] = {"type": "rule", "rules": expected}
    if isinstance(expected, bytes):
        wanted = {"type": "cloud_file", "path": data_url(expected)}
    return {"func": func, "result": result or {"type": "vm_file", "path": "/f"},
            "expected": wanted}  # fmt: skip


async def scored(evaluator: dict[str, Any], held: bytes | None) -> Score:
    task = parse_task({"id": "t", "instruction": "do", "evaluator": evaluator})
    desktop = FakeDesktop(
        files={} if held is None else {"/f": held},
        programs=lambda argv: ExecResult(0, " ".join(argv)),
    )
    await desktop.start()
    return await evaluate(task, desktop, a.Done(), size=(64, 48))


async def test_right_wrong_and_unreadable(here: None) -> None:
    assert (await scored(check("same"), b"yes")).value == 1
    for held in (b"no", b"\xff\xfe", None):
        score = await scored(check("same"), held)
        assert score.value == 0
        assert score.feedback


async def test_what_it_prints_is_no_score(here: None) -> None:
    assert (await scored(check("prints"), b"yes")).value == 0.25


@pytest.mark.parametrize(
    ("func", "expected", "why"),
    [
        ("broken", b"yes", "cannot compare"),  # also what was expected with itself
        ("leaves", b"yes", "ended"), ("forges", {}, "inf"), ("needs_none", b"yes", "not_installed"),
    ],
)  # fmt: skip
async def test_its_faults_are_no_scores(here: None, func: str, expected: Any, why: str) -> None:
    with pytest.raises(EvalError, match=why):
        await scored(check(func, expected), b"yes")


async def test_files_that_fill_the_memory_score_nothing(here: None) -> None:
    assert (await scored(check("hungry"), b"yes")).value == 1
    assert (await scored(check("hungry"), b"bomb")).value == 0


async def test_it_reaches_neither_this_machine_nor_a_network(here: None, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("")
    assert (await scored(check("peeks", {"place": str(secret)}), b"yes")).value == 0
    assert (await scored(check("peeks", {"place": __file__}), b"yes")).value == 0
    assert (await scored(check("peeks", {"place": "/usr/bin"}), b"yes")).value == 1
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert (await scored(check("calls", {"port": port}), b"yes")).value == 0
    with pytest.raises(EvalError, match="network"):
        await scored(check("same", result={"type": "from_net"}), b"yes")


@pytest.mark.parametrize(
    "path", ["/tracegraph/reset", "//127.0.0.1:1/x", "@127.0.0.1:1/x", "/../x", "/setup/upload"]
)
async def test_it_asks_the_desktop_only_what_getters_ask(here: None, path: str) -> None:
    with pytest.raises(EvalError, match=r"getters ask|network"):
        await scored(check("same", result={"type": "elsewhere", "to": path}), b"yes")


async def test_its_getters_see_the_desktop(here: None) -> None:
    asked = {"type": "said", "command": ["echo", "hello"]}
    assert (await scored(check("same", b"echo hello", asked), b"")).value == 1
    assert (await scored(check("same", b"echo", asked), b"")).value == 0


def test_what_it_lacks_is_named(here: None) -> None:
    def lacks(func: str, result: str = "vm_file") -> list[str]:
        evaluator = check(func, result={"type": result, "path": "/f"})
        return unsupported(parse_task({"id": "t", "instruction": "do", "evaluator": evaluator}))

    assert lacks("same") == []
    assert lacks("needs_none") == [
        "evaluator needs_none: it needs not_installed beside desktop-env"
    ]
    assert lacks("needs_other") == ["evaluator needs_other: it needs not_there beside desktop-env"]
    assert lacks("needs_model") == ["evaluator needs_model: it needs the network (easyocr)"]
    assert lacks("runs") == ["evaluator runs: it would run what it finds (eval)"]
    assert lacks("same", "tabs") == ["getter tabs: it needs the network (playwright)"]
    assert lacks("nothing") == ["evaluator nothing: desktop-env has none"]


def test_a_setting_without_the_package_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEGRAPH_DESKTOP_ENV", sys.executable)
    with pytest.raises(TracegraphError, match="pip install --no-deps desktop-env"):
        find_package()
    monkeypatch.setenv("TRACEGRAPH_DESKTOP_ENV", "")
    monkeypatch.setenv("TRACEGRAPH_CACHE", str(tmp_path))
    assert find_package() is None


def document(*lines: str) -> bytes:
    import docx

    made = docx.Document()
    for line in lines:
        made.add_paragraph(line)
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def workbook(*rows: list[Any]) -> bytes:
    import openpyxl

    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


FUZZY = {
    "rules": [{"type": "sheet_fuzzy", "sheet_idx0": 0, "sheet_idx1": "EI0", "rules": [
        {"range": ["A1:B2"], "type": "fuzzy_match", "threshold": 60, "ignore_case": True},
    ]}]
}  # fmt: skip
BOTH: list[tuple[str, bytes, list[bytes], dict[str, Any]]] = [
    (
        "docx", document("One two", "three"),
        [document("one  two", "three"), document("one", "two")],
        {"ignore_case": True, "fuzzy_match": True},
    ),
    (
        "docx", document("a", "", "b"), [document("b", "a"), document("a", "c")],
        {"ignore_blanks": False, "ignore_order": True, "delete_empty_lines": True},
    ),
    (
        "xlsx", workbook(["k", "v"], ["x", 1.00001]),
        [workbook(["k", "v"], ["x", 1.00002]), workbook(["k", "v"], ["x", 1.001])],
        {"rules": [{"type": "sheet_data", "sheet_idx0": 0, "sheet_idx1": "EI0"}]},
    ),
    (
        "xlsx", workbook(["abcd", "y"], ["x", "z"]),
        [workbook(["ABCE", "y"], ["x", "z"]), workbook(["wxyz", "y"], ["x", "z"])], FUZZY,
    ),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "expected", "results", "options"), BOTH)
async def test_functions_here_score_as_the_real_package_does(
    kind: str, expected: bytes, results: list[bytes], options: dict[str, Any]
) -> None:
    package = find_package()
    func = {"docx": "compare_docx_files", "xlsx": "compare_table"}[kind]
    if package is None or package.lacks(func, ["vm_file", "cloud_file"]):
        pytest.skip("desktop-env is not installed with all that this needs: see docs/desktop.md")
    part = Part(
        func, {"type": "vm_file", "path": "/f", "dest": f"f.{kind}"},
        {"type": "cloud_file", "path": data_url(expected), "dest": f"g.{kind}"}, options,
    )  # fmt: skip
    assert native(func, options)
    for held in (expected, *results):
        desktop = FakeDesktop(files={"/f": held})
        await desktop.start()
        theirs = await judge(package, part, desktop, size=(64, 48), kept={})
        ours = load(func)(held, expected, **options)
        assert ours.value == pytest.approx(theirs.value, abs=0.01)


@pytest.mark.slow
async def test_the_real_package_scores_documents() -> None:
    package = find_package()
    if package is None:
        pytest.skip("desktop-env is not installed: see docs/desktop.md")
    assert sum(not why for why in package.evaluators.values()) > 80
    evaluator = {
        "func": "compare_init_lines",
        "result": {"type": "vm_file", "path": "/f", "dest": "result.docx"},
        "expected": {
            "type": "cloud_file", "path": data_url(document("one", "two")), "dest": "gold.docx",
        },
    }  # fmt: skip
    task = parse_task({"id": "t", "instruction": "do", "evaluator": evaluator})
    assert unsupported(task) == []
    assert (await scored(evaluator, document("one", "two"))).value == 1
    assert (await scored(evaluator, document("one", "three"))).value == 0
    assert (await scored(evaluator, b"no document")).value == 0
    assert (await scored(evaluator, None)).value == 0
