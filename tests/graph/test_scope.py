import os
import subprocess
import sys

import tracegraph as tg


@tg.bundle
def double(x):
    return x * 2


def test_stop_tracing_returns_nodes_without_a_past():
    x = tg.node(3)
    with tg.stop_tracing():
        y = double(x)
        z = x + 1
    assert y.data == 6
    assert y.parents == []
    assert z.parents == []
    assert double(x).parents == [x]


def test_off_makes_the_function_the_plain_one_and_restores():
    x = tg.node(3, trainable=True)
    with tg.off():
        assert double(3) == 6
        assert double(x) == 6
        assert type(double(x)) is int
    assert isinstance(double(3), tg.Node)
    tg.off()
    try:
        assert double(3) == 6
    finally:
        tg.on()
    assert isinstance(double(3), tg.Node)


def test_off_by_the_environment():
    code = "import tracegraph as tg; print(tg.bundle(lambda x: x + 1)(1))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TRACEGRAPH": "off"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "2"


def test_import_loads_nothing_heavy():
    heavy = ["litellm", "torch", "pydantic", "networkx", "optuna", "numpy", "asyncio"]
    code = f"import sys, tracegraph; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
