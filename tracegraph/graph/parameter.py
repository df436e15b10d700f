"""Parameters: the nodes that an optimizer may change, each with a kind and constraints."""

from __future__ import annotations

import copy
import json
import warnings
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast, get_args

from tracegraph.graph.constraints import Choices, Length, Pattern, Predicate, Range, Words
from tracegraph.graph.errors import ConstraintError, ParameterError
from tracegraph.graph.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracegraph.graph.constraints import Constraint

T = TypeVar("T")
Kind = Literal["text", "code", "int", "float", "choice", "bool", "list", "json"]
_KIND_OF: dict[type, Kind] = {str: "text", bool: "bool", int: "int", float: "float", list: "list"}
_TYPE_OF: dict[Kind, type] = {
    "text": str, "code": str, "int": int, "float": float, "bool": bool, "list": list,
}  # fmt: skip


class ParameterNode(Node[T]):
    """A trainable node.

    Args:
        value: the first value; it must obey the constraints as every later one.
        kind: "text", "code", "int", "float", "choice", "bool", "list" or "json"; by default
            what the value is. A value of another type without a kind accepts that type only.
        low: the lower bound of a number, included.
        high: the upper bound, included.
        log: search the number by magnitude.
        choices: the values allowed; implies the kind "choice".
        pattern: a regular expression that the whole text must match.
        max_length: characters of a text, items of a list.
        check: a function of the value that says whether it is allowed.
        schema: a pydantic model or type for kind "json"; the value is validated against it.
        constraint: more conditions, in words or as constraint objects.
        projections: applied to each new value before it is checked, in this order.

    Raises:
        ConstraintError: the first value breaks a constraint.
    """

    __slots__ = ("_constraints", "_kind", "_projections", "_schema", "_version")

    def __init__(
        self,
        value: T | Node[T],
        *,
        name: str | None = None,
        kind: Kind | None = None,
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        choices: Sequence[Any] | None = None,
        pattern: str | None = None,
        max_length: int | None = None,
        check: Callable[[Any], bool] | None = None,
        schema: Any = None,
        constraint: str | Constraint | Sequence[Constraint] | None = None,
        projections: Sequence[Any] = (),
        description: str | None = None,
        info: dict[str, Any] | None = None,
        trainable: bool = True,
    ) -> None:
        if not trainable:
            raise ParameterError("a ParameterNode is trainable; use node(value) for a fixed one")
        super().__init__(value, name=name, description=description, info=info)
        if kind is not None and kind not in get_args(Kind):
            raise ParameterError(
                f"kind {kind!r} is unknown: use one of {', '.join(get_args(Kind))}"
            )
        if kind is None:
            kind = "choice" if choices is not None else "json" if schema is not None else None
        self._kind: Kind | None = kind or _KIND_OF.get(type(self._data))
        self._schema = schema
        self._version = 0
        self._projections = tuple(projections)
        found: list[Constraint] = []
        if low is not None or high is not None or log:
            found.append(Range(low, high, log))
        if choices is not None:
            found.append(Choices(tuple(choices)))
        if pattern is not None:
            found.append(Pattern(pattern))
        if max_length is not None:
            found.append(Length(max_length))
        if check is not None:
            found.append(Predicate(check, (check.__doc__ or check.__name__).strip()))
        if isinstance(constraint, str):
            found.append(Words(constraint))
        elif constraint is not None:
            several = isinstance(constraint, (list, tuple))
            found.extend(cast("list[Constraint]", constraint if several else [constraint]))
        self._constraints = tuple(found)
        self._data = self.validate(self._data)

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the value: yes."""
        return True

    @property
    def kind(self) -> str:
        """What sort of value it is; the type's name where it is none of the known kinds."""
        return self._kind or type(self._data).__name__

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The conditions that a value must meet."""
        return self._constraints

    @property
    def constraint(self) -> str | None:
        """The conditions in words; None when there are none."""
        return "; ".join(map(str, self._constraints)) or None

    @property
    def schema(self) -> Any:
        """The pydantic model or type of a "json" parameter, else None."""
        return self._schema

    @property
    def version(self) -> int:
        """How often the value was changed."""
        return self._version

    def validate(self, value: Any) -> Any:
        """Return the value as it would be accepted, converted where that loses nothing.

        Raises:
            ConstraintError: the value has another type, or breaks a constraint; it names which.
        """
        for projection in self._projections:
            value = getattr(projection, "project", projection)(value)
        value = self._converted(value)
        for constraint in self._constraints:
            if (problem := constraint.check(value)) is not None:
                raise ConstraintError(self.name, problem, value)
        return value

    def update(self, value: Any) -> T:
        """Replace the value and return the old one; on an error nothing changes.

        Raises:
            ConstraintError: the value breaks a constraint.
        """
        if isinstance(value, Node):
            value = value._data
        accepted = self.validate(value)
        old, self._data = self._data, accepted
        self._version += 1
        return old

    def _set(self, value: Any) -> None:
        self.update(value)

    def copy(self) -> Self:
        """Return an independent parameter with the same value and constraints."""
        made = type(self).__new__(type(self))
        for base in type(self).__mro__:
            for slot in getattr(base, "__slots__", ()):
                if slot != "__weakref__" and hasattr(self, slot):
                    setattr(made, slot, getattr(self, slot))
        made._data = copy.deepcopy(self._data)
        made._children, made._feedback = None, ()
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> ParameterNode[T]:
        made = memo[id(self)] = self.copy()
        return made

    def _converted(self, value: Any) -> Any:
        kind = self._kind
        if kind == "json":
            return self._validated(value)
        if kind == "choice":
            return self._as_choice(value)
        wanted = type(self._data) if kind is None else _TYPE_OF[kind]
        if type(value) is wanted or (isinstance(value, wanted) and wanted is not int):
            return value
        # An optimizer answers in text or JSON: "3", 3.0 and "true" are what they look like.
        try:
            if wanted is int and not isinstance(value, bool):
                number = float(value)
                if number == int(number):
                    return int(value) if isinstance(value, (str, int)) else int(number)
            elif wanted is float and not isinstance(value, bool):
                return float(value)
            elif wanted is bool and str(value).strip().lower() in ("true", "false"):
                return str(value).strip().lower() == "true"
            elif wanted is list and isinstance(value, (str, tuple)):
                items = json.loads(value) if isinstance(value, str) else list(value)
                if isinstance(items, list):
                    return items
        except (TypeError, ValueError, OverflowError):
            pass
        raise ConstraintError(self.name, f"must be of type {wanted.__name__}", value)

    def _as_choice(self, value: Any) -> Any:
        allowed = next((c.values for c in self._constraints if isinstance(c, Choices)), ())
        if isinstance(value, str) and value not in allowed:
            matching = [v for v in allowed if str(v).lower() == value.strip().lower()]
            if len(matching) == 1:
                return matching[0]
        return value

    def _validated(self, value: Any) -> Any:
        if self._schema is None:
            try:
                json.dumps(value)
            except (TypeError, ValueError) as error:
                raise ConstraintError(self.name, f"must be JSON ({error})", value) from None
            return value
        from pydantic import TypeAdapter, ValidationError

        adapter: TypeAdapter[Any] = TypeAdapter(self._schema)
        try:
            if isinstance(value, str) and self._schema is not str:
                return adapter.validate_json(value)
            return adapter.validate_python(value)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['msg']}" for e in error.errors()[:3]
            )
            raise ConstraintError(self.name, f"must fit its schema ({problems})", value) from None


def node(
    data: Any,
    name: str | None = None,
    trainable: bool = False,
    description: str | None = None,
    constraint: Any = None,
    **options: Any,
) -> Any:
    """Wrap a value as a node; a node is returned as it is.

    Args:
        data: any value, or a node.
        name: kept as given; by default the type and a number.
        trainable: make a `ParameterNode`; from a node, with a copy of its value.
        description: what the value is, in words.
        constraint: what it must obey: in words, or constraint objects for a parameter.
        **options: for a parameter: ``kind``, ``low``, ``high``, ``choices``, ``pattern``, …

    Raises:
        ParameterError: options for a parameter without ``trainable=True``.
        ConstraintError: the value breaks its own constraints.
    """
    if trainable:
        if isinstance(data, Node):
            name = name or data._base
        return ParameterNode(
            data, name=name, description=description, constraint=constraint, **options
        )
    if options:
        raise ParameterError(f"{', '.join(options)} need trainable=True")
    if isinstance(data, Node):
        if name is not None and name != data.name:
            warnings.warn(
                f"name {name!r} is ignored: the value is the node {data.name!r} already",
                stacklevel=2,
            )
        return data
    return Node(data, name=name, description=description, constraint=constraint)
