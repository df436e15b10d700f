"""A workflow: the function to improve, its parameters, and how an example calls it."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tracegraph.graph.bundle import BundledFunction
from tracegraph.graph.module import ParameterContainer
from tracegraph.graph.parameter import ParameterNode
from tracegraph.training.errors import WorkflowError

_MAIN_NAMES = ("workflow", "main")
# What a function calls a whole example.
_WHOLE = ("example", "row", "inputs")


class Workflow:
    """A function of one example, sync or async, and the parameters that it may read.

    Args:
        call: the function; bundled calls in it are recorded.
        parameters: what may be changed; None finds those of the function's module.
        objective: what the workflow is for, in words, for optimizers; by default its docstring.
        path: the file that defines it, where there is one.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        parameters: Iterable[ParameterNode[Any]] | None = None,
        *,
        objective: str | None = None,
        path: Path | None = None,
    ) -> None:
        self.call = call
        self.name = getattr(call, "__name__", type(call).__name__)
        self.path = path
        self.objective = inspect.getdoc(call) or "" if objective is None else objective
        found = _of_module(call) if parameters is None else list(parameters)
        self.parameters: dict[str, ParameterNode[Any]] = {}
        for parameter in found:
            other = self.parameters.setdefault(parameter.name, parameter)
            if other is not parameter:
                raise WorkflowError(
                    f"two parameters of {self.name} are called {parameter.name!r}: give each a "
                    "name of its own, node(…, name=…)"
                )
        if not self.parameters:
            raise WorkflowError(
                f"{self.name} has no parameter, so nothing can be improved: mark what may change "
                "with node(…, trainable=True), Parameter(…) or bundle(trainable=True)"
            )
        target = call.fun if isinstance(call, BundledFunction) else call
        self._signature = inspect.signature(target)
        self.is_async = inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(
            getattr(target, "__call__", None)  # noqa: B004 - an object with an async __call__
        )

    @property
    def values(self) -> dict[str, Any]:
        """The present value of each parameter, by name."""
        return {name: parameter.data for name, parameter in self.parameters.items()}

    def arguments(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an example passes: its fields by the names of the function's parameters.

        A function of one parameter takes the only field, whatever its name; one that calls its
        parameter ``example``, ``row`` or ``inputs`` takes all of them.

        Raises:
            WorkflowError: a required parameter has no field.
        """
        wanted = list(self._signature.parameters.values())
        if any(p.kind is p.VAR_KEYWORD for p in wanted):
            return dict(inputs)
        given = {p.name: inputs[p.name] for p in wanted if p.name in inputs}
        missing = [p.name for p in wanted if p.name not in given and p.default is p.empty]
        if missing and len(wanted) == 1 and len(inputs) == 1:
            return {wanted[0].name: next(iter(inputs.values()))}
        if missing and len(wanted) == 1 and missing[0] in _WHOLE:
            return {wanted[0].name: dict(inputs)}
        if missing:
            raise WorkflowError(
                f"{self.name} needs {', '.join(missing)}, and the examples have "
                f"{', '.join(inputs)}: rename the fields or the parameters"
            )
        return given

    def overrides(self, values: Mapping[str, Any]) -> dict[ParameterNode[Any], Any]:
        """Return values by parameter, for `record`; those that are the present ones left out.

        Raises:
            WorkflowError: there is no parameter of a name.
        """
        if unknown := sorted(values.keys() - self.parameters.keys()):
            raise WorkflowError(
                f"{self.name} has no parameter {', '.join(unknown)}; it has "
                f"{', '.join(self.parameters)}"
            )
        found = {}
        for name, value in values.items():
            parameter = self.parameters[name]
            if type(value) is not type(parameter.data) or value != parameter.data:
                found[parameter] = value
        return found


def load_workflow(spec: str) -> Workflow:
    """Return the workflow of ``FILE.py`` or ``FILE.py:function``.

    Without a function it is the one called ``workflow`` or ``main``, else the only public
    function of the file that is not bundled. The folder of the file can be imported from.

    Raises:
        WorkflowError: no such file or function, an error while it loads, or no clear choice.
    """
    file, _, name = spec.partition(":") if not spec.endswith(".py") else (spec, "", "")
    path = Path(file).expanduser().resolve()
    if not path.is_file() or path.suffix != ".py":
        what = f"{file} is no Python file" if path.exists() else f"there is no file {file}"
        raise WorkflowError(f"{what}: name one, as FILE.py:function")
    module = load_module(path)
    if name:
        call = getattr(module, name, None)
        if not callable(call):
            names = ", ".join(_functions(module, path)) or "none"
            raise WorkflowError(f"{file} has no function {name!r}; its functions: {names}")
    else:
        call = _only_function(module, path)
    parameters = parameters_of(vars(module).values())
    objective = inspect.getdoc(call) or inspect.getdoc(module) or ""
    return Workflow(call, parameters, objective=objective, path=path)


def load_module(path: Path) -> Any:
    """Return a Python file as a module; once loaded it stays the same one.

    Raises:
        WorkflowError: there is no such file, or it raises when it runs.
    """
    if not path.is_file():
        raise WorkflowError(f"there is no file {path}")
    name = f"tracegraph_workflow_{path.stem}_{abs(hash(str(path))):x}"
    if name in sys.modules:
        return sys.modules[name]
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise WorkflowError(f"{path.name} cannot be loaded: {type(error).__name__}: {error}") from (
            error
        )
    return module


def parameters_of(values: Iterable[Any]) -> list[ParameterNode[Any]]:
    """Return the parameters among some values: nodes, trainable functions, modules, containers."""
    found: dict[int, ParameterNode[Any]] = {}
    for value in values:
        if isinstance(value, ParameterNode):
            found.setdefault(id(value), value)
        elif isinstance(value, BundledFunction) and value.parameter is not None:
            found.setdefault(id(value.parameter), value.parameter)
        elif isinstance(value, ParameterContainer):
            for parameter in value.named_parameters().values():
                found.setdefault(id(parameter), parameter)
    return list(found.values())


def _of_module(call: Any) -> list[ParameterNode[Any]]:
    if isinstance(call, ParameterContainer):
        return list(call.named_parameters().values())
    owner = getattr(call, "__self__", None)
    target = call.fun if isinstance(call, BundledFunction) else call
    module = sys.modules.get(getattr(target, "__module__", ""))
    closed = getattr(target, "__closure__", None) or ()
    around = [cell.cell_contents for cell in closed]
    return parameters_of([call, owner, *around, *(vars(module).values() if module else ())])


def _functions(module: Any, path: Path) -> list[str]:
    # In the order of the file, and only what it defines itself.
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [n for n in names if not n.startswith("_") and callable(getattr(module, n, None))]


def _only_function(module: Any, path: Path) -> Callable[..., Any]:
    names = _functions(module, path)
    plain = [n for n in names if not isinstance(getattr(module, n), BundledFunction)]
    for name in _MAIN_NAMES:
        if callable(getattr(module, name, None)):
            return getattr(module, name)  # type: ignore[no-any-return]
    plain = [n for n in plain if n not in ("guide", "score", "judge")]
    if len(plain) == 1:
        return getattr(module, plain[0])  # type: ignore[no-any-return]
    raise WorkflowError(
        f"{path.name} has {'several functions' if plain else 'no plain function'}: name one, "
        f"{path.name}:{(plain or names or ['workflow'])[0]}"
    )
