"""Scores one part of an evaluation with `desktop-env`'s own getters and function.

The question and the answer are lines of JSON on the standard streams; what the package prints goes
to the standard error.
"""

from __future__ import annotations

import ast
import base64
import importlib
import importlib.util
import logging
import math
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .absent import AbsentUsed, stand_in
from .desk import HOST, PORT, Broken, Line, Requests, desktop

_CACHE = Path("cache")
# Faults of the task or the package, whatever an agent left.
_FAULTS = (ImportError, NameError, NotImplementedError)


def main() -> None:
    """Answer one question."""
    line = _line()
    asked = line.hear()
    logging.disable(logging.CRITICAL)
    stand_in(_imported(_hollow()))
    _CACHE.mkdir()
    web = Requests(line)
    try:
        line.say(_scored(asked, web))
    except AbsentUsed as error:
        line.say({"fault": f"it needs {error} beside desktop-env"})
    except Broken as error:
        line.say({"fault": str(error)})
    except Exception as error:
        line.say({"fault": f"{type(error).__name__}: {error}"})


def _scored(asked: dict[str, Any], web: Requests) -> dict[str, Any]:
    function = _function("metrics", asked["func"])
    controllers = importlib.import_module("desktop_env.controllers.python")
    vars(controllers)["requests"] = web
    env = desktop(controllers.PythonController(HOST, PORT), _CACHE, tuple(asked["size"]))
    for name, data in asked["kept"].items():
        (_CACHE / Path(name).name).write_bytes(base64.b64decode(data))

    def got(config: dict[str, Any]) -> Any:
        getter = _function("getters", f"get_{config['type']}")
        for module in [m for n, m in sys.modules.items() if n.startswith("desktop_env.")]:
            if "requests" in vars(module):
                vars(module)["requests"] = web
        return getter(env, config)

    # What was expected comes first: when it cannot be had, the task is at fault.
    expected = [got(asked["expected"])] if asked["expected"] else []
    web.absent = False
    try:
        result = got(asked["result"]) if asked["result"] else None
    except FileNotFoundError:
        return {"spoiled": "a file of the result is not there"}
    except Exception as error:
        if web.absent:
            return {"spoiled": "a file of the result is not there"}
        return {"spoiled": f"the result cannot be read: {type(error).__name__}: {error}"}
    try:
        value = float(function(result, *expected, **asked["options"]))
    except _FAULTS:
        raise
    except Exception as error:
        if web.absent:
            return {"spoiled": "a file of the result is not there"}
        if not _a_file(result) or (
            expected and _a_file(expected[0]) and not _fits(function, expected[0], asked)
        ):
            raise
        return {"spoiled": f"the result cannot be read: {type(error).__name__}: {error}"}
    if not math.isfinite(value):
        return {"fault": f"a score of {value}"}
    return {"score": min(1.0, max(0.0, value))}


def _fits(function: Callable[..., Any], expected: Any, asked: dict[str, Any]) -> bool:
    """Return whether a function can at least compare what was expected with itself."""
    try:
        float(function(expected, expected, **asked["options"]))
    except Exception:
        return False
    return True


def _a_file(value: Any) -> bool:
    files = value if isinstance(value, list) else [value]
    return any(one is None or (isinstance(one, str) and os.path.exists(one)) for one in files)


def _function(kind: str, name: str) -> Callable[..., Any]:
    """Import the one module that a function is in, and return the function."""
    package = importlib.import_module(f"desktop_env.evaluators.{kind}")
    found: Callable[..., Any] = getattr(
        importlib.import_module(f"{package.__name__}.{_homes(package)[name]}"), name
    )
    return found


def _homes(package: types.ModuleType) -> dict[str, str]:
    """Return in which module each name of a hollow package is."""
    text = Path(package.__path__[0], "__init__.py").read_text("utf-8")
    return {
        alias.name: part.module
        for part in ast.parse(text).body
        if isinstance(part, ast.ImportFrom) and part.module
        for alias in part.names
    }


def _imported(root: str) -> list[str]:
    """Return the top packages that modules of the package import."""
    found: set[str] = set()
    for path in Path(root).rglob("*.py"):
        for part in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(part, ast.Import):
                found |= {one.name.partition(".")[0] for one in part.names}
            elif isinstance(part, ast.ImportFrom) and part.level == 0 and part.module:
                found.add(part.module.partition(".")[0])
    return sorted(found - set(sys.stdlib_module_names) - {"desktop_env"})


def _hollow() -> str:
    """Make the packages known without running them, because they import all of their modules.

    Returns:
        The package's folder.
    """
    found = importlib.util.find_spec("desktop_env")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("desktop-env is not installed")
    root = found.submodule_search_locations[0]
    for name in ("", "evaluators", "evaluators/metrics", "evaluators/getters", "controllers"):
        module = types.ModuleType(".".join(["desktop_env", *filter(None, name.split("/"))]))
        module.__path__ = [os.path.join(root, name)] if name else [root]
        sys.modules[module.__name__] = module
    return root


def _line() -> Line:
    """Return the line over the standard streams, which what follows can no longer reach."""
    reader, writer = (
        os.fdopen(os.dup(0), "r", encoding="utf-8"),
        os.fdopen(os.dup(1), "w", encoding="utf-8"),
    )
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    return Line(reader, writer)


if __name__ == "__main__":
    main()
