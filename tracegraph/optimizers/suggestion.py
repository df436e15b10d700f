"""The form of an answer: a pydantic model made from the parameters that may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from tracegraph.graph.constraints import Choices, Length, Range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.graph.parameter import ParameterNode

# Servers that keep a decoder to a schema unroll lengths; longer ones are checked afterwards.
_UNROLLED = 400
KNOWN_KINDS = frozenset({"text", "code", "int", "float", "choice", "bool", "list", "json"})


class _Form(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="ignore")


def answer_form(
    parameters: Mapping[str, ParameterNode[Any]],
    names: Sequence[str],
    current: Mapping[str, Any],
    *,
    asks: bool = False,
    showable: Sequence[str] = (),
    reasoning: int | None = None,
) -> type[BaseModel]:
    """Return the model of an answer: ``reasoning``, then ``suggestion`` with the new values.

    With one parameter its value is required; with several, those left out stay as they are.

    Args:
        parameters: by name.
        names: those that the answer may change.
        current: their values, from which the items of lists are guessed.
        asks: whether the objective may be a question, so that there is room for its ``answer``.
        showable: the names of shortened values that the answer may ask to ``show`` whole.
        reasoning: the most characters of reasoning that the decoder lets pass.
    """
    single = len(names) == 1
    fields: dict[str, Any] = {}
    for i, name in enumerate(names):
        parameter = parameters[name]
        kind = value_type(parameter, current.get(name, parameter.data))
        rules = _rules(parameter)
        if single:
            fields[f"p{i}"] = (kind, Field(alias=name, **rules))
        else:
            fields[f"p{i}"] = (kind | None, Field(default=None, alias=name, **rules))
    suggestion = create_model("Suggestion", __base__=_Form, **fields)
    parts: dict[str, Any] = {"reasoning": (str, Field(max_length=reasoning))}
    if asks:
        parts["answer"] = (str, Field(default=""))
    if showable:
        parts["show"] = (Literal[tuple(showable)] | None, Field(default=None))
    parts["suggestion"] = (suggestion, ...)
    return create_model("Answer", __base__=_Form, **parts)


def suggested(answer: BaseModel) -> dict[str, Any]:
    """Return the values that an answer gives, by parameter."""
    suggestion: BaseModel = getattr(answer, "suggestion")  # noqa: B009  (made at run time)
    found = {
        field.alias or key: getattr(suggestion, key)
        for key, field in type(suggestion).model_fields.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def value_type(parameter: ParameterNode[Any], current: Any) -> Any:
    """Return the type of a parameter's values, as pydantic understands it."""
    match parameter.kind:
        case "int":
            return int
        case "float":
            return float
        case "bool":
            return bool
        case "choice":
            return _choices(parameter)
        case "list":
            return list[_item_type(current)]  # type: ignore[misc]
        case "json":
            return parameter.schema if parameter.schema is not None else Any
    return str


def _choices(parameter: ParameterNode[Any]) -> Any:
    values = next((c.values for c in parameter.constraints if isinstance(c, Choices)), ())
    plain = all(isinstance(value, (str, int, float, bool)) for value in values)
    return Literal[tuple(values if plain else map(str, values))] if values else Any


def _item_type(current: Any) -> Any:
    kinds = {type(item) for item in current} if isinstance(current, list) else set()
    if len(kinds) == 1 and kinds <= {str, int, float, bool}:
        return kinds.pop()
    return Any


def _rules(parameter: ParameterNode[Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    for constraint in parameter.constraints:
        if isinstance(constraint, Range):
            if constraint.low is not None:
                rules["ge"] = constraint.low
            if constraint.high is not None:
                rules["le"] = constraint.high
        elif (
            isinstance(constraint, Length)
            and parameter.kind in ("text", "list")
            and constraint.high <= _UNROLLED
        ):
            rules["max_length"] = constraint.high
    return rules
