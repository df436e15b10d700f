"""Proposals: new values for parameters, as data that is checked before it is applied."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tracegraph.graph.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracegraph.graph.parameter import ParameterNode


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an optimizer proposes to change.

    Attributes:
        values: the new value of each parameter that changes, accepted by its constraints.
        optimizer: who proposed it.
        reasoning: why, in the optimizer's words.
        shown: what the model was shown, for the record; empty where no model was asked.
        refused: suggestions that could not be used, with the reason, by parameter.
        malformed: how many answers had the wrong form, repaired or not.
        tokens: what the model calls took.
        parents: the candidates that it was made from, when there is more than one.
    """

    values: Mapping[str, Any]
    optimizer: str
    reasoning: str = ""
    shown: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    malformed: int = 0
    tokens: int = 0
    parents: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.values)

    def to_json(self) -> dict[str, Any]:
        """Return the proposal as plain dicts, lists and texts."""
        return asdict(self)


def checked(
    suggested: Mapping[str, Any],
    parameters: Mapping[str, ParameterNode[Any]],
    current: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (values that can be applied and differ from the current ones, refusals by name).

    Values are converted to the parameter's type where that loses nothing.
    """
    accepted: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name, value in suggested.items():
        parameter = parameters.get(name)
        if parameter is None:
            refused[name] = f"there is no parameter {name}"
            continue
        try:
            valid = parameter.validate(value)
        except ParameterError as error:
            refused[name] = str(error)
            continue
        except Exception as error:  # a predicate or projection of the user may raise anything
            refused[name] = f"{type(error).__name__}: {error}"
            continue
        before = current.get(name, parameter.data)
        if type(valid) is not type(before) or valid != before:
            accepted[name] = valid
    return accepted, refused


class Applied:
    """A proposal in force; ``undo`` puts back what was there."""

    def __init__(self, before: dict[ParameterNode[Any], Any]) -> None:
        self.before = before

    def undo(self) -> None:
        """Give every parameter the value that it had."""
        for parameter, value in self.before.items():
            parameter.update(value)


def apply(values: Mapping[str, Any], parameters: Mapping[str, ParameterNode[Any]]) -> Applied:
    """Give parameters their new values: all of them, or none.

    Raises:
        ParameterError: a name is unknown, or a value breaks a constraint; nothing has changed.
    """
    if unknown := sorted(values.keys() - parameters.keys()):
        raise ParameterError(
            f"unknown parameters {', '.join(unknown)}; there are {', '.join(parameters)}"
        )
    accepted = {name: parameters[name].validate(value) for name, value in values.items()}
    done = Applied({})
    try:
        for name, value in accepted.items():
            parameter = parameters[name]
            done.before[parameter] = parameter.update(value)
    except BaseException:
        done.undo()
        raise
    return done
