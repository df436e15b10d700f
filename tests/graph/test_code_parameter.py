import asyncio
import math
import os
import threading
import time

import pytest

import tracegraph as tg
from tracegraph.graph import CodeError, ConstraintError, SourceError

LIMIT = 10
TABLE = {"a": (1, 2.5), "b": None}
LOCK = threading.Lock()


def helper(x):
    return math.floor(x) + LIMIT


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
    with pytest.raises(tg.ExecutionError, match=r"value\[0\]\[0\] is a lock"):
        score(LOCK)
    with pytest.raises(CodeError, match="'LOCK', a lock that cannot"):
        code.update(new("return LOCK"))
    assert score(1).data == 1


def test_errors_of_changed_code_show_its_line(code):
    code.update(new("y = x - x\n    return n / y"))
    with pytest.raises(tg.ExecutionError) as caught:
        score(tg.node(3))
    assert caught.value.exception_node.data == "(ZeroDivisionError) division by zero"
    assert "    return n / y <--- (ZeroDivisionError) division by zero" in str(caught.value)


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


def test_the_environment_does_not_reach_the_code(code, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    assert "SECRET_KEY" in os.environ
    code._executor.check(new("import os\n    return dict(os.environ)"), "score", "")
    got = code._executor.call(new("import os\n    return dict(os.environ)"), "score", "", (1,), {})
    assert "SECRET_KEY" not in got


def test_projections(tmp_path):
    from tracegraph.graph.code.projections import FormatCode, KeepDocstring

    @tg.bundle(trainable=True, projections=[KeepDocstring("Kept."), FormatCode()])
    def tidy(x):
        """Kept."""
        return x

    tidy.parameter.update('def tidy(x):\n  "Lost."\n  return x+1')
    assert tidy.parameter.data == 'def tidy(x):\n    """Kept."""\n    return x + 1\n'
    assert tidy(1).data == 2
