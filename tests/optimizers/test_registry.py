from __future__ import annotations

import subprocess
import sys

import pytest

from optimizers.fake_llm import FakeLLM
from tracegraph.errors import TracegraphError
from tracegraph.optimizers import make, names


@pytest.mark.parametrize("name", ["optoprime", "fewshot"])
def test_optimizers_by_name(name: str) -> None:
    optimizer = make(name, llm=FakeLLM([]))
    assert optimizer.name == name
    assert optimizer.kinds


def test_an_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(TracegraphError, match=r"no optimizer 'adam'; there are .*hybrid"):
        make("adam")
    assert "hybrid" in names()


def test_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, tracegraph.optimizers; from tracegraph.optimizers import make\n"
        "heavy = {'pydantic', 'litellm', 'networkx', 'optuna'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_has_an_optimizer() -> None:
    for name in names():
        if name == "numeric":
            pytest.importorskip("optuna")
        assert make(name, llm=FakeLLM([])).name == name
