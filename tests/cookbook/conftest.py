"""A recipe as a module; what it writes goes to a folder of the test."""

import importlib.util
import inspect
from pathlib import Path

import pytest

from tracegraph.models.testing import cassette

__all__ = ["cassette"]

COOKBOOK = Path(__file__).parents[2] / "cookbook"


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """Return a function that loads `cookbook/NAME.py`, its parameters at their first values."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(COOKBOOK)  # where recipes find each other

    def load(name):
        spec = importlib.util.spec_from_file_location(f"recipe_{name}", COOKBOOK / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert f"Run it: python cookbook/{name}.py" in inspect.getdoc(module)
        return module

    return load
