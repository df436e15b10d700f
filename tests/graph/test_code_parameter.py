import asyncio
import math
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import floor

import pytest

import tracegraph as tg
from tracegraph.graph import CodeError, ConstraintError, LearnedCodeError, SourceError
from tracegraph.graph.code.execution import LearnedCode, Sandboxed
from tracegraph.sandbox import SandboxError, SandboxUnavailable

LIMIT = 10
TABLE = {"a": (1, 2.5), "b": None}
LOCK = threading.Lock()


WORD = re.compile(r"[A-Z]+", re.IGNORECASE)


@dataclass
class Counted:
    words: list[str]
    more: int

    def total(self):
        return len(self.words) + self.more


def helper(x):
    return floor(x) + LIMIT


@tg.bundle(trainable=True)
def score(x, n=2):
    """Score x."""
    return x * n


@pytest.fixture
def code():
    parameter = score.parameter
    yield parameter
    parameter.update(parameter.original)


def new(body, head="def score(x, n=2):"):
    return f"{head}\n    {body}\n"


def test_the_original_runs_here_and_its_code_is_an_input(code):
    result = score(tg.node(3))
    assert result.data == 6
    assert result.inputs["__code"] is code
    assert code.data == 'def score(x, n=2):\n    """Score x."""\n    return x * n\n'
    result.backward("low")
    assert code.feedback
    code.zero_feedback()


def test_changed_code_runs_in_another_process(code):
    code.update(new("import time\n    return x + n"))
    assert score(3).data == 5
    code.update(new("return helper(x) + n"))
    assert score(3.7).data == 15
    code.update(new("return TABLE[x][0]"))
    assert score("a").data == 1
    assert code.version > 0


def test_values_travel_exactly(code):
    code.update(new("return [x, n, (x,)]"))
    for value in (
        10**40, -0.0, math.inf, "ü\ud800", b"\x00\xff", (1, [2, {3: "x"}]), {1, 2},
        {"$t": [1]}, {(1, 2): None}, 1 + 2j, True, None,
    ):  # fmt: skip
        result = score(value).data
        assert result == [value, 2, (value,)]
        assert type(result[0]) is type(value)
    assert math.isnan(score(math.nan).data[0])


def test_what_cannot_travel_is_named(code):
    code.update(new("return 1"))
    with pytest.raises(tg.ExecutionError, match=r"argument 0: .*lock cannot cross .*\(at \[1\]\)"):
        score([1, LOCK])
    with pytest.raises(CodeError, match="'LOCK', a lock that cannot"):
        code.update(new("return LOCK"))
    assert score(1).data == 1
    code.update(new("LOCK = n\n    return [LOCK]"))
    assert score(1).data == [2]
    code.update(new("return [x, lambda: n]"))
    with pytest.raises(
        tg.ExecutionError, match=r"returned cannot cross: .*function .*\(at \[1\]\)"
    ):
        score(1)


def test_what_is_around_the_function_travels_along(code):
    code.update(new("words = WORD.findall(x)\n    return Counted(words, floor(n + LIMIT / 3))"))
    result = score("one two").data
    assert result == Counted(["one", "two"], 5)
    assert type(result) is Counted
    assert result.total() == 7
    code.update(new("return Counted.total(x) + n + isinstance(x, Counted)"))
    assert score(result).data == 10


def test_annotations_need_nothing_in_the_sandbox():
    @tg.bundle(trainable=True)
    def typed(x: "tg.Module", n: int = 1) -> "Nowhere":  # noqa: F821
        return x

    typed.parameter.update("def typed(x: Unknown, n: int = 1) -> Nowhere:\n    return x + n\n")
    assert typed(1).data == 2


def test_errors_of_changed_code_show_its_line(code):
    code.update(new("y = x - x\n    return n / y"))
    with pytest.raises(tg.ExecutionError) as caught:
        score(tg.node(3))
    assert caught.value.exception_node.data == "(ZeroDivisionError) division by zero"
    assert "    return n / y <--- (ZeroDivisionError) division by zero" in str(caught.value)


def test_an_error_comes_with_what_was_printed_before_it(code):
    code.update(new("print('x is', x)\n    return n / (x - x)"))
    with pytest.raises(tg.ExecutionError, match="It printed before:\nx is 3\n"):
        score(3)


def test_an_error_in_a_function_around_the_code_is_marked_where_it_was_called(code):
    code.update(new("y = 1\n    return helper(None) + y"))
    with pytest.raises(tg.ExecutionError, match=r"return helper\(None\) \+ y <--- \(TypeError\)"):
        score(3)


def test_a_refused_update_leaves_the_old_code_running(code):
    code.update(new("return 'old'"))
    for bad in (
        new("return open(x)"),
        new("return x", head="def score(y):"),
        "def score(x, n=2):\n    return (",
        "raise ValueError('at import')\n" + new("return 1"),
        "LIMIT = 1 / 0\n" + new("return 1"),
        7,
    ):
        with pytest.raises((CodeError, ConstraintError)):
            code.update(bad)
    assert score(1).data == "old"


def test_code_that_hangs_meets_its_deadline():
    @tg.bundle(trainable=True, seconds=0.5)
    def wait(x):
        return x

    wait.parameter.update("def wait(x):\n    while True:\n        pass\n")
    start = time.monotonic()
    with pytest.raises(tg.ExecutionError, match="Timeout"):
        wait(1)
    assert time.monotonic() - start < 5
    wait.parameter.update("def wait(x):\n    return x + 1\n")
    assert wait(1).data == 2


def test_code_that_takes_its_process_along_does_not_take_ours(code):
    code.update(new("f = lambda g: g(g)\n    return f(f)"))
    with pytest.raises(tg.ExecutionError, match="RecursionError"):
        score(1)
    code.update(new("return 'x' * (1 << 40)"))
    with pytest.raises(tg.ExecutionError, match="MemoryError"):
        score(1)
    code.update(new("return x"))
    assert score(1).data == 1


def test_async_code():
    @tg.bundle(trainable=True)
    async def later(x):
        return x

    assert asyncio.run(later(1)).data == 1
    later.parameter.update("async def later(x):\n    return x + 1\n")

    async def main():
        return await asyncio.gather(*[later(i) for i in range(8)])

    assert [n.data for n in asyncio.run(main())] == list(range(1, 9))


@pytest.mark.filterwarnings("ignore:the changed code")
@pytest.mark.parametrize("isolation", ["sandbox", "none"])
def test_coroutines_and_generators_stay_what_they_are(isolation):
    @tg.bundle(trainable=True, isolation=isolation)
    async def value(x):
        return x

    @tg.bundle(trainable=True, isolation=isolation)
    def items(x):
        yield x

    @tg.bundle(trainable=True, isolation=isolation)
    async def async_items(x):
        yield x

    body = "\n    yield x\n    yield x + 1\n"
    value.parameter.update("async def value(x):\n    return x + 1\n")
    items.parameter.update(f"def items(x):{body}")
    async_items.parameter.update(f"async def async_items(x):{body}")

    async def main():
        return (await value(1)).data, [item.data async for item in async_items(1)]

    assert asyncio.run(main()) == (2, [1, 2])
    assert [item.data for item in items(1)] == [1, 2]


def test_methods_see_the_plain_attributes_of_their_object():
    @tg.model
    class Agent:
        def __init__(self):
            self.words = ["a", "b"]
            self.weight = tg.node(3, trainable=True)
            self.lock = LOCK

        @tg.bundle(trainable=True)
        def act(self, x):
            return x

    one, two = Agent(), Agent()
    one.named_parameters()["act"].update(
        "def act(self, x):\n    return len(self.words) * self.weight + x\n"
    )
    assert one.act(1).data == 7
    assert two.act(1).data == 1
    assert "return len(self.words)" in one.export()


def test_isolation_none_is_asked_for_and_warns():
    @tg.bundle(trainable=True, isolation="none")
    def here(x):
        return x

    with pytest.warns(UserWarning, match="without isolation"):
        here.parameter.update("def here(x):\n    return LIMIT + x\n")
    assert here(1).data == 11
    with pytest.warns(UserWarning, match="without isolation"):
        here.parameter.update("def here(x):\n    return x.missing\n")
    with pytest.raises(tg.ExecutionError, match=r"return x.missing <--- \(AttributeError\)"):
        here(1)


def test_functions_without_source_cannot_be_trained():
    with pytest.raises(SourceError, match="lambda"):
        tg.bundle(trainable=True)(lambda x: x)
    with pytest.raises(SourceError, match="len"):
        tg.bundle(trainable=True)(len)


def test_the_environment_does_not_reach_the_code(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    code = LearnedCode("import os\ndef f():\n    return dict(os.environ)\n", "f")
    assert "SECRET_KEY" not in Sandboxed(10).call(code, (), {})


def test_code_ends_in_the_sandbox_and_says_how():
    source = (
        "import os, socket\n"
        "def f(what):\n"
        "    if what == 'exit': os._exit(3)\n"
        "    if what == 'flood': print('x' * (2 << 20))\n"
        "    if what == 'disk': open('f', 'wb').write(bytes(80 << 20))\n"
        "    if what == 'net': socket.create_connection(('127.0.0.1', 80))\n"
        "    return what\n"
    )
    code, executor = LearnedCode(source, "f"), Sandboxed(10)
    kinds = {"exit": "Crash", "flood": "OutputLimit", "disk": "OSError", "net": "PermissionError"}
    for what, kind in kinds.items():
        with pytest.raises(LearnedCodeError) as caught:
            executor.call(code, (what,), {})
        assert caught.value.kind == kind
        assert f"({kind})" in caught.value.error_comment
    assert executor.call(code, ("fine",), {}) == "fine"


def test_versions_do_not_meet(code):
    code.update(new("import math\n    math.floor = lambda y: 666\n    return math.floor(x)"))
    assert score(1.5).data == 666
    code.update(new("import math\n    return math.floor(x)"))
    assert score(1.5).data == 1


def test_threads_call_several_versions_in_turn(code):
    versions = [new(f"return x * {n}") for n in range(5)]

    def call(number):
        with tg.record(values={code: versions[number % 5]}):
            return score(number)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(100))) == [n * (n % 5) for n in range(100)]
    assert code.data == code.original


def test_a_fork_runs_changed_code_in_its_own_sandbox(code):
    code.update(new("return x + 100"))
    assert score(1).data == 101
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(score(2).data).encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read) as told:
        assert told.read() == "102"
    os.waitpid(child, 0)
    assert score(3).data == 103


def test_without_a_layer_changed_code_is_refused_with_the_remedy(code, monkeypatch):
    def nothing(*args, **kwargs):
        raise SandboxUnavailable("nothing here can isolate code: install bubblewrap")

    monkeypatch.setattr("tracegraph.sandbox.CodeWorker.load", nothing)
    with pytest.raises(SandboxUnavailable, match=r'install bubblewrap.*isolation="none"'):
        code.update(new("return 'never loaded'"))
    assert code.data == code.original


def test_a_fault_of_the_machine_is_no_error_of_the_code(code, monkeypatch):
    code.update(new("return 'loaded'"))

    def broken(*args, **kwargs):
        raise SandboxError("the sandbox was closed meanwhile")

    monkeypatch.setattr("tracegraph.sandbox.CodeWorker.call", broken)
    with pytest.raises(SandboxError, match="closed meanwhile"):
        score(1)


def test_the_sandbox_loads_with_the_first_change(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, tracegraph as tg\n"
        "@tg.bundle(trainable=True)\n"
        "def f(x):\n    return x\n"
        "f(1)\n"
        "print('pydantic' in sys.modules, 'tracegraph.sandbox.sandbox' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, str(program)], text=True, stdout=-1, check=True)
    assert done.stdout == "False False\n"


def test_projections(tmp_path):
    from tracegraph.graph.code.projections import FormatCode, KeepDocstring

    @tg.bundle(trainable=True, projections=[KeepDocstring("Kept."), FormatCode()])
    def tidy(x):
        """Kept."""
        return x

    tidy.parameter.update('def tidy(x):\n  "Lost."\n  return x+1')
    assert tidy.parameter.data == 'def tidy(x):\n    """Kept."""\n    return x + 1\n'
    assert tidy(1).data == 2
