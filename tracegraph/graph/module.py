"""Classes whose parameters are collected: ``Module``, the ``model`` decorator, Seq and Map."""

from __future__ import annotations

import copy
from collections import UserDict, UserList
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tracegraph.graph.bundle import BundledFunction
from tracegraph.graph.containers import NodeContainer
from tracegraph.graph.errors import ParameterError, SchemaVersionError
from tracegraph.graph.parameter import ParameterNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

C = TypeVar("C", bound=type)
_FORMAT, _VERSION = "tracegraph.parameters", 1


class ParameterContainer(NodeContainer):
    """Something that holds parameters, directly or in what it contains."""

    def parameters_dict(self) -> dict[str, Any]:
        """Return what holds parameters, by name: parameters, or containers of them."""
        found: dict[str, Any] = {}
        for name, value in self._members():
            if isinstance(value, ParameterNode):
                found[name] = value
            elif isinstance(value, BundledFunction):
                if value.parameter is not None:
                    found[name] = value.parameter
            elif isinstance(value, ParameterContainer):
                found[name] = value
            elif isinstance(value, (list, tuple)) and _holds_parameters(value):
                found[name] = Seq(value)
            elif isinstance(value, dict) and _holds_parameters(value.values()):
                found[name] = Map(value)
        return found

    def named_parameters(self) -> dict[str, ParameterNode[Any]]:
        """Return every parameter by its dotted path, each once."""
        found: dict[str, ParameterNode[Any]] = {}
        _collect(self, "", found, {})
        return found

    def parameters(self) -> list[ParameterNode[Any]]:
        """Return every parameter once, in the order of the attributes."""
        return list(self.named_parameters().values())

    def state_dict(self) -> dict[str, Any]:
        """Return the value of each parameter by its dotted path."""
        return {name: p._data for name, p in self.named_parameters().items()}

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Set the parameters from `state_dict`; all of them, or none on an error.

        Raises:
            ParameterError: a name is missing or unknown.
            ConstraintError: a value breaks a constraint.
        """
        mine = self.named_parameters()
        if missing := sorted(mine.keys() - values.keys()):
            raise ParameterError(f"no value for {', '.join(missing)}")
        if unknown := sorted(values.keys() - mine.keys()):
            raise ParameterError(f"unknown: {', '.join(unknown)}; there are {', '.join(mine)}")
        accepted = {name: mine[name].validate(value) for name, value in values.items()}
        for name, value in accepted.items():
            if value != mine[name]._data:
                mine[name].update(value)

    def _members(self) -> Iterator[tuple[str, Any]]:
        return iter(())


class Module(ParameterContainer):
    """A class with parameters and a ``forward`` that calling it runs."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work of the module; override it."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`."""
        return self.forward(*args, **kwargs)

    def _members(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            if not isinstance(value, BundledFunction):
                yield name, value
        seen: set[str] = set()
        for base in type(self).__mro__:
            for name, value in vars(base).items():
                if name in seen:
                    continue
                seen.add(name)
                if isinstance(value, BundledFunction) and value.trainable:
                    yield name, value._own(self)
                elif isinstance(value, (ParameterNode, ParameterContainer)):
                    yield name, value

    def copy(self) -> Any:
        """Return an independent module with the same values."""
        return copy.deepcopy(self)

    def save(self, path: str | Path) -> None:
        """Write the parameters as JSON; the file is replaced at once, or not at all.

        Raises:
            ParameterError: a value cannot be written as JSON.
        """
        import json
        import os
        import tempfile
        from pathlib import Path

        content = {"format": _FORMAT, "version": _VERSION, "parameters": self.state_dict()}
        try:
            text = json.dumps(content, indent=2, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"cannot save the parameters as JSON: {error}") from None
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
                file.write(text + "\n")
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def load(self, path: str | Path) -> None:
        """Read the parameters that `save` wrote.

        Raises:
            SchemaVersionError: the file has another form or version.
            ParameterError: names do not match.
            ConstraintError: a value breaks a constraint.
        """
        import json
        from pathlib import Path

        try:
            content = json.loads(Path(path).read_text(encoding="utf-8", errors="surrogatepass"))
        except ValueError as error:
            raise SchemaVersionError(f"{path}: not JSON ({error})") from None
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise SchemaVersionError(f"{path}: not a file of saved parameters")
        if content.get("version") != _VERSION:
            raise SchemaVersionError(
                f"{path}: version {content.get('version')!r}; this tracegraph reads {_VERSION}"
            )
        self.load_state_dict(content["parameters"])

    def export(self, path: str | Path | None = None) -> str:
        """Return the class with its learned values as plain Python, and write it to ``path``.

        Raises:
            SourceError: the source of the class cannot be read.
        """
        from tracegraph.graph.code.export import export_module

        text = export_module(self)
        if path is not None:
            from pathlib import Path

            Path(path).write_text(text, encoding="utf-8")
        return text


class Seq(UserList[Any], ParameterContainer):
    """A list that holds parameters."""

    def __init__(self, *items: Any) -> None:
        whole = len(items) == 1 and isinstance(items[0], (list, tuple, UserList))
        super().__init__(items[0] if whole else items)

    def _members(self) -> Iterator[tuple[str, Any]]:
        return ((str(i), item) for i, item in enumerate(self.data))


class Map(UserDict[Any, Any], ParameterContainer):
    """A dict that holds parameters."""

    def _members(self) -> Iterator[tuple[str, Any]]:
        return ((str(key), item) for key, item in self.data.items())


def model(cls: C) -> C:
    """Make any class a `Module`, under its own name."""
    if issubclass(cls, Module):
        return cls
    namespace = {
        "__doc__": cls.__doc__, "__module__": cls.__module__, "__qualname__": cls.__qualname__,
        "__tracegraph_model__": cls,
    }  # fmt: skip
    made: Any = type(cls)
    return cast("C", made(cls.__name__, (cls, Module), namespace))


def _holds_parameters(items: Any) -> bool:
    return any(
        isinstance(item, (ParameterNode, ParameterContainer))
        or (isinstance(item, BundledFunction) and item.trainable)
        or (isinstance(item, (list, tuple)) and _holds_parameters(item))
        or (isinstance(item, dict) and _holds_parameters(item.values()))
        for item in items
    )


def _collect(
    container: ParameterContainer,
    prefix: str,
    found: dict[str, ParameterNode[Any]],
    seen: dict[int, Any],
) -> None:
    seen[id(container)] = container  # kept alive, so that no id is used twice
    for name, value in container.parameters_dict().items():
        if id(value) in seen:
            continue
        if isinstance(value, ParameterNode):
            seen[id(value)] = value
            found[prefix + name] = value
        else:
            _collect(value, f"{prefix}{name}.", found, seen)
