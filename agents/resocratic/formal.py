"""Formal lines: `maximize 3*x + 2*y`, `x + y <= 40`, `cost = 2*x**2`; read, never executed."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tracegraph.errors import TracegraphError

Sense = Literal["minimize", "maximize"]
Relation = Literal["<=", ">=", "=="]

FUNCTIONS = {"sqrt": math.sqrt, "exp": math.exp, "log": math.log, "sin": math.sin, "cos": math.cos}

_RELATIONS: dict[type[ast.cmpop], Relation] = {ast.LtE: "<=", ast.GtE: ">=", ast.Eq: "=="}
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


class FormalError(TracegraphError):
    """A formal line cannot be read."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One relation between two expressions, both in Python's syntax."""

    left: str
    relation: Relation
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


@dataclass(frozen=True, slots=True)
class Objective:
    """What is to be made large or small."""

    sense: Sense
    expression: str

    def __str__(self) -> str:
        return f"{self.sense} {self.expression}"


def expression(text: str) -> str:
    """Return an expression in Python's syntax, checked; `^` counts as a power.

    Raises:
        FormalError: it is no arithmetic over numbers, names and the functions sqrt, exp, log,
            sin and cos.
    """
    return ast.unparse(_tree(text))


def relations(text: str) -> list[Constraint]:
    """Return the constraints of a line: `a <= b`, `a <= x <= b`, several divided by `;`.

    Raises:
        FormalError: there is none, or one is strict, compares numbers only, or cannot be read.
    """
    found = []
    for part in filter(None, (each.strip() for each in text.split(";"))):
        tree = _parse(re.sub(r"(?<![<>=!])=(?!=)", "==", part))
        if not isinstance(tree, ast.Compare):
            raise FormalError(f"{part!r} is no constraint: write left <= right, >= or ==")
        sides = [tree.left, *tree.comparators]
        for left, operator, right in zip(sides, tree.ops, sides[1:], strict=False):
            if type(operator) not in _RELATIONS:
                raise FormalError(f"{part!r}: only <=, >= and == can be solved")
            _check(left, part)
            _check(right, part)
            if not names_of(left) | names_of(right):
                raise FormalError(f"{part!r} constrains no variable")
            found.append(
                Constraint(ast.unparse(left), _RELATIONS[type(operator)], ast.unparse(right))
            )
    if not found:
        raise FormalError("a constraint needs a formal line")
    return found


def objective(text: str) -> Objective:
    """Return the objective of a line `maximize …` or `minimize …`.

    Raises:
        FormalError: it begins otherwise, or its expression cannot be read.
    """
    match = re.match(r"\s*(maximi[sz]e|minimi[sz]e)\b[\s:]*(.+)$", text, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise FormalError(f"{text!r} is no objective: write maximize … or minimize …")
    sense: Sense = "maximize" if match[1].lower().startswith("max") else "minimize"
    return Objective(sense, expression(match[2]))


def names(text: str) -> set[str]:
    """Return the variables of an expression."""
    return names_of(_tree(text))


def names_of(tree: ast.AST) -> set[str]:
    """Return the names in a tree that are no functions."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found - FUNCTIONS.keys()


def numbers(text: str) -> list[float]:
    """Return the numbers written in an expression, exponents and divisors of 1 left out."""
    tree = _tree(text)
    powers = {
        id(node.right)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
    }
    return [
        _value(node, {})
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in powers
    ]


def evaluate(text: str, values: Mapping[str, float]) -> float:
    """Return the value of an expression at a point.

    Raises:
        FormalError: a variable has no value, or the value is not defined there.
    """
    try:
        return _value(_tree(text), values)
    except (ArithmeticError, ValueError) as error:
        raise FormalError(f"{text!r} has no value there: {error}") from error


def linear(text: str) -> dict[str, float] | None:
    """Return the coefficients of a linear expression, its constant under ""; None if it is not."""
    return _linear(_tree(text))


def with_definitions(text: str, definitions: Mapping[str, str]) -> str:
    """Return an expression in which every defined name is replaced by its definition."""
    tree = _tree(text)
    for _ in range(len(definitions) + 1):
        if not names_of(tree) & definitions.keys():
            return ast.unparse(tree)
        tree = _Put({name: _tree(value) for name, value in definitions.items()}).visit(tree)
    raise FormalError(f"the definitions of {text!r} refer to each other in a circle")


class _Put(ast.NodeTransformer):
    def __init__(self, trees: Mapping[str, ast.expr]) -> None:
        self._trees = trees

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._trees.get(node.id, node)


def _tree(text: str) -> ast.expr:
    tree = _parse(text)
    _check(tree, text)
    return tree


def _parse(text: str) -> ast.expr:
    # Thousands separators, powers and products as people write them: 1,200  x^2  3x.
    said = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text).replace("^", "**").replace("\u2212", "-")
    said = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)(?=[A-Za-z_(])(?![eE][+-]?\d)", r"\1*", said)
    try:
        tree = ast.parse(said.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormalError(f"{text!r} is no formula") from error
    replaced: ast.expr = _Put({"pi": ast.Constant(math.pi)}).visit(tree)
    return replaced


def _check(tree: ast.AST, text: str) -> None:
    for node in _parts(tree, text):
        match node:
            case ast.BinOp() if isinstance(node.op, _ARITHMETIC):
                pass
            case ast.UnaryOp() if isinstance(node.op, ast.USub | ast.UAdd):
                pass
            case ast.Constant(value=bool()):
                raise FormalError(f"{text!r}: {ast.unparse(node)} is no number")
            case ast.Constant(value=int() | float() as value) if abs(value) < 1e15:
                pass
            case ast.Name():
                pass
            case _:
                raise FormalError(
                    f"{text!r}: {ast.unparse(node)!r} is not arithmetic over numbers, variables "
                    f"and {', '.join(FUNCTIONS)}"
                )


def _parts(tree: ast.AST, text: str) -> Iterator[ast.AST]:
    """Yield the nodes of a tree that have to be checked; calls of known functions are unpacked."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
            if not known or len(node.args) != 1 or node.keywords:
                raise FormalError(f"{text!r}: there is no function {ast.unparse(node)}")
            waiting += node.args
            continue
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant():
            return float(node.value)  # type: ignore[arg-type]
        case ast.Name():
            if node.id not in values:
                raise FormalError(f"the variable {node.id} is not defined")
            return values[node.id]
        case ast.UnaryOp():
            value = _value(node.operand, values)
            return -value if isinstance(node.op, ast.USub) else value
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name](_value(node.args[0], values))
        case ast.BinOp():
            left, right = _value(node.left, values), _value(node.right, values)
            match node.op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
                case ast.Div():
                    return left / right
                case _:
                    return float(math.pow(left, right))
    raise FormalError(f"{ast.unparse(node)!r} has no value")


def _linear(node: ast.expr) -> dict[str, float] | None:
    if not names_of(node):
        try:
            return {"": _value(node, {})}
        except (ArithmeticError, ValueError):
            return None
    match node:
        case ast.Name():
            return {node.id: 1.0, "": 0.0}
        case ast.UnaryOp():
            inner = _linear(node.operand)
            return inner and _scaled(inner, -1.0 if isinstance(node.op, ast.USub) else 1.0)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            left, right = _linear(node.left), _linear(node.right)
            if left is None or right is None:
                return None
            sign = -1.0 if isinstance(node.op, ast.Sub) else 1.0
            return {
                name: left.get(name, 0.0) + sign * right.get(name, 0.0)
                for name in {**left, **right}
            }
        case ast.BinOp(op=ast.Mult()):
            left, right = _linear(node.left), _linear(node.right)
            if left is None or right is None or (left.keys() | right.keys() == {""}):
                return None
            if left.keys() == {""}:
                return _scaled(right, left[""])
            return _scaled(left, right[""]) if right.keys() == {""} else None
        case ast.BinOp(op=ast.Div()):
            left, right = _linear(node.left), _linear(node.right)
            if left is None or right is None or right.keys() != {""} or not right[""]:
                return None
            return _scaled(left, 1 / right[""])
    return None


def _scaled(form: Mapping[str, float], factor: float) -> dict[str, float]:
    return {name: factor * value for name, value in form.items()}
