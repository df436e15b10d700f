"""Prints what `desktop-env` can do here, as JSON: each function, and what keeps it from running.

    python -I survey.py

The package is read, not imported: importing all of it takes seconds and packages of gigabytes, of
which one function needs few.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path

# What drives a browser or an account, or fetches a model; nothing here reaches a network.
_NETWORK = ("boto3", "easyocr", "playwright", "pydrive")
# What would run a text that an agent may have written.
_RUNS = ("__import__", "compile", "eval", "exec", "importlib", "runpy")
_KINDS = {"evaluators": "metrics", "getters": "getters"}
# The getters speak to the desktop through our own, so theirs need not be there.
_OURS = ("requests",)


class Module:
    """A module's names: what each is bound to, as a part of its syntax tree."""

    def __init__(self, path: Path) -> None:
        self.bound: dict[str, ast.AST] = {}
        for part in ast.parse(path.read_text("utf-8")).body:
            if isinstance(part, ast.Import | ast.ImportFrom):
                self.bound |= dict.fromkeys(_imported(part), part)
                continue
            if isinstance(part, ast.FunctionDef | ast.ClassDef):
                self.bound[part.name] = part
                continue
            for name in ast.walk(part):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    self.bound[name.id] = part


class Survey:
    """Finds what the functions of the package need."""

    def __init__(self, package: Path) -> None:
        self._package = package
        self._modules: dict[Path, Module | None] = {}

    def functions(self, kind: str) -> Iterator[tuple[str, str]]:
        """Yield each function's name and why it cannot be used, "" when it can."""
        folder = self._package / "evaluators" / kind
        for part in ast.parse((folder / "__init__.py").read_text("utf-8")).body:
            if isinstance(part, ast.ImportFrom) and part.module:
                for alias in part.names:
                    path = folder / f"{part.module}.py"
                    yield alias.asname or alias.name, self._why(path, alias.name)

    def _why(self, path: Path, name: str) -> str:
        module = self._module(path)
        if module is None or name not in module.bound:
            return "the package does not define it"
        needs: set[str] = set()
        seen: set[tuple[Path, str]] = set()
        self._needs(path, module.bound[name], needs, seen)
        if runs := sorted(needs & set(_RUNS)):
            return f"it would run what it finds ({runs[0]})"
        if network := sorted(needs & set(_NETWORK)):
            return f"it needs the network ({network[0]})"
        missing = sorted(one for one in needs - set(_OURS) if not _installed(one))
        return f"it needs {', '.join(missing)} beside desktop-env" if missing else ""

    def _needs(
        self, path: Path, part: ast.AST, needs: set[str], seen: set[tuple[Path, str]]
    ) -> None:
        """Add the top packages that a part of a module uses, by way of other names too."""
        module = self._module(path)
        assert module is not None
        for name in _used(part):
            if name in _RUNS:
                needs.add(name)
            bound = module.bound.get(name)
            if bound is None or (path, name) in seen:
                continue
            seen.add((path, name))
            if isinstance(bound, ast.Import | ast.ImportFrom):
                self._imports(path, bound, name, needs, seen)
            else:
                self._needs(path, bound, needs, seen)
        for one in ast.walk(part):
            if isinstance(one, ast.Import | ast.ImportFrom):
                for name in _imported(one):
                    self._imports(path, one, name, needs, seen)

    def _imports(
        self, path: Path, part: ast.Import | ast.ImportFrom, name: str, needs: set[str],
        seen: set[tuple[Path, str]],
    ) -> None:  # fmt: skip
        if isinstance(part, ast.Import):
            whole = next(
                a.name for a in part.names if (a.asname or a.name.partition(".")[0]) == name
            )
            needs.add(whole.partition(".")[0])
            return
        source = part.module or ""
        if part.level == 0 and not source.startswith("desktop_env."):
            needs.add(source.partition(".")[0])
            return
        other = path.parent / f"{source}.py"
        if part.level == 0:
            other = self._package.joinpath(*source.split(".")[1:]).with_suffix(".py")
        module = self._module(other)
        original = next((a.name for a in part.names if (a.asname or a.name) == name), name)
        if module is not None and original in module.bound:
            self._needs(other, module.bound[original], needs, seen)

    def _module(self, path: Path) -> Module | None:
        if path not in self._modules:
            self._modules[path] = Module(path) if path.is_file() else None
        return self._modules[path]


def _imported(part: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(part, ast.Import):
        return [one.asname or one.name.partition(".")[0] for one in part.names]
    return [one.asname or one.name for one in part.names]


def _used(part: ast.AST) -> Iterator[str]:
    """Yield the names that a part uses, without those of annotations."""
    todo = [part]
    while todo:
        one = todo.pop()
        if isinstance(one, ast.Name):
            yield one.id
        for field, value in ast.iter_fields(one):
            if field in ("annotation", "returns"):
                continue
            todo += [v for v in (value if isinstance(value, list) else [value])
                     if isinstance(v, ast.AST)]  # fmt: skip


def _installed(name: str) -> bool:
    return name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None


def main() -> None:
    """Print the survey; without the package, an empty object."""
    found = importlib.util.find_spec("desktop_env")
    if found is None or not found.submodule_search_locations:
        print("{}")
        return
    survey = Survey(Path(found.submodule_search_locations[0]))
    told = {kind: dict(survey.functions(folder)) for kind, folder in _KINDS.items()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
