"""Random pipelines with one broken call, for ``benchmarks.blame``."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tracegraph as tg
from tracegraph.graph.recording import Recording

Step = Callable[..., Any]
Rng = random.Random


@dataclass(frozen=True)
class Kind:
    """A kind of step: its name, the types that it takes and gives, its function and constants.

    Types: n a number, b a truth value, t a label, w a text, s a list of numbers. The function's
    last argument, ``k``, is a constant chosen for each step.
    """

    name: str
    takes: str
    gives: str
    fun: Step
    constants: tuple[Any, ...] = (None,)


KINDS = [
    Kind("scale", "n", "n", lambda a, k: a * k, (2, 3, -1)),
    Kind("shift", "n", "n", lambda a, k: a + k, (-4, 3, 10)),
    Kind("rest", "n", "n", lambda a, k: a % k, (5, 7, 10)),
    Kind("cap", "n", "n", min, (10, 15, 25)),
    Kind("floor", "n", "n", max, (0, 5, 10)),
    Kind("halve", "n", "n", lambda a, k: a // k, (2, 3)),
    Kind("total", "nn", "n", lambda a, b, k: a + b + k, (0, 1)),
    Kind("gap", "nn", "n", lambda a, b, k: abs(a - b), ()),
    Kind("larger", "nn", "n", lambda a, b, k: max(a, b), ()),
    Kind("exceeds", "n", "b", lambda a, k: a > k, (5, 9, 14)),
    Kind("more", "nn", "b", lambda a, b, k: a > b + k, (0, 2)),
    Kind("both", "bb", "b", lambda a, b, k: a and b, ()),
    Kind("band", "n", "t", lambda a, k: "low" if a < k else "mid" if a < 2 * k else "high", (6, 9)),
    Kind("topic", "bt", "t", lambda a, b, k: k if a else b, ("none", "low", "high")),
    Kind("weight", "t", "n", lambda a, k: {"low": 1, "mid": 4, "high": 9}.get(a, 0) * k, (1, 2)),
    Kind("same", "tt", "b", lambda a, b, k: a == b, ()),
    Kind("choose", "bnn", "n", lambda a, b, c, k: b if a else c, ()),
    Kind("collect", "nn", "s", lambda a, b, k: [a, b, a + b, k], (0, 7)),
    Kind("push", "sn", "s", lambda a, b, k: [*a[-5:], b], ()),
    Kind("keep", "s", "s", lambda a, k: [x for x in a if x > k], (0, 4, 8)),
    Kind("order", "s", "s", lambda a, k: sorted(a), ()),
    Kind("count", "s", "n", lambda a, k: len(a), ()),
    Kind("add_up", "s", "n", lambda a, k: sum(a), ()),
    Kind("best", "s", "n", lambda a, k: max(a, default=k), (0,)),
    Kind("render", "tn", "w", lambda a, b, k: f"{k} {a}: {b} points", ("The level is", "Got")),
    Kind("quote", "w", "w", lambda a, k: f"{k}: {a}", ("He said", "Note")),
    Kind("read", "w", "n", lambda a, k: int("0" + "".join(c for c in a if c.isdigit())[:6]), ()),
    Kind("says", "w", "b", lambda a, k: k in a, ("low", "high", "1", "5")),
    Kind("length", "w", "n", lambda a, k: len(a), ()),
]  # fmt: skip


def wrong_constant(kind: Kind, k: Any, rng: Rng) -> Step:
    other = k + rng.choice([-1, 1, 3]) if isinstance(k, int) else rng.choice(["mid", "The", "so"])
    return lambda *args: kind.fun(*args, other)


def off_by_one(kind: Kind, k: Any, rng: Rng) -> Step:
    step = rng.choice([-1, 1])
    return lambda *args: kind.fun(*args, k) + step


def flipped(kind: Kind, k: Any, rng: Rng) -> Step:
    if kind.gives == "b":
        return lambda *args: not kind.fun(*args, k)
    swapped = {"larger": min, "best": lambda a: min(a, default=0), "cap": lambda a: max(a, k),
               "floor": lambda a: min(a, k), "choose": lambda a, b, c: c if a else b,
               "gap": lambda a, b: a - b, "keep": lambda a: [x for x in a if x >= k],
               "order": lambda a: sorted(a, reverse=True)}  # fmt: skip
    if kind.name == "band":
        return lambda a: "low" if a <= k else "mid" if a <= 2 * k else "high"
    return swapped[kind.name]


def dropped(kind: Kind, k: Any, rng: Rng) -> Step:
    part = rng.choice([slice(1, None), slice(None, -1), slice(0, 3)])
    return lambda *args: kind.fun(*args, k)[part]


def template(kind: Kind, k: Any, rng: Rng) -> Step:
    change = rng.choice([str.upper, lambda t: t.replace(":", ""), lambda t: t + " Thanks!",
                         lambda t: t[:12]])  # fmt: skip
    return lambda *args: change(kind.fun(*args, k))


def _wrong(kind: Kind, rng: Rng) -> Callable[[Any], Any]:
    return {
        "n": rng.choice([lambda v: v + 1, lambda v: -v - 1, lambda v: 0, lambda v: v * 2 + 5]),
        "b": lambda v: not v,
        "t": rng.choice([lambda v: "low", lambda v: v.upper(), lambda v: ""]),
        "w": rng.choice([lambda v: "", lambda v: v[::-1], lambda v: "I cannot help with 1 that."]),
        "s": rng.choice([lambda v: v[:-1], lambda v: [], lambda v: [*v, 3]]),
    }[kind.gives]


def _when(kind: Kind, rng: Rng) -> Callable[..., bool]:
    """Choose for which arguments a call goes wrong."""
    i, cut = rng.randrange(len(kind.takes)), rng.randint(2, 14)
    label, truth, length = rng.choice(["low", "mid", "high"]), rng.random() < 0.5, rng.randint(2, 4)
    digit = str(rng.randint(0, 9))
    above = rng.random() < 0.5
    return {
        "n": rng.choice([lambda *a: (a[i] > cut) == above, lambda *a: a[i] % 3 == 0]),
        "b": lambda *a: a[i] == truth,
        "t": lambda *a: a[i] == label,
        "w": lambda *a: digit in a[i],
        "s": lambda *a: (len(a[i]) > length) == above,
    }[kind.takes[i]]


def sometimes(kind: Kind, k: Any, rng: Rng) -> Step:
    when, wrong = _when(kind, rng), _wrong(kind, rng)
    return lambda *args: (wrong if when(*args) else lambda v: v)(kind.fun(*args, k))


def raises(kind: Kind, k: Any, rng: Rng) -> Step:
    when = _when(kind, rng)

    def broken(*args: Any) -> Any:
        if when(*args):
            raise ValueError("cannot handle this input")
        return kind.fun(*args, k)

    return broken


def flaky(kind: Kind, k: Any, rng: Rng) -> Step:
    wrong, own = _wrong(kind, rng), Rng(rng.random())
    return lambda *args: (wrong if own.random() < 0.4 else lambda v: v)(kind.fun(*args, k))


FAULTS: dict[str, tuple[Callable[[Kind, Any, Rng], Step], Callable[[Kind], bool]]] = {
    "wrong constant": (wrong_constant, lambda kind: kind.constants not in ((), (None,))),
    "off by one": (off_by_one, lambda kind: kind.gives == "n"),
    "flipped comparison": (flipped, lambda kind: kind.gives == "b" or kind.name in (
        "larger", "best", "cap", "floor", "choose", "gap", "keep", "order", "band")),
    "dropped item": (dropped, lambda kind: kind.gives == "s"),
    "wrong template": (template, lambda kind: kind.gives == "w"),
    "wrong for some inputs": (sometimes, lambda kind: True),
    "raises for some inputs": (raises, lambda kind: True),
    "wrong at random": (flaky, lambda kind: True),
}  # fmt: skip


@dataclass
class Pipeline:
    """A program: its steps with what each takes, is and should be, and which one is broken."""

    steps: list[tuple[str, tuple[int, ...], Step, Step]]
    inputs: int
    broken: str
    fault: str

    def run(self, values: Sequence[int]) -> tuple[Recording, Any]:
        """Record the broken program; an exception ends it."""
        with tg.record("nodes") as recording:
            made: list[Any] = list(values)
            for _, takes, actual, _ in self.steps:
                try:
                    made.append(actual(*[made[i] for i in takes]))
                except tg.ExecutionError:
                    return recording, None
        return recording, made[-1].data

    def right(self, values: Sequence[int]) -> dict[str, Any]:
        """Return what each call of the unbroken program gives; the last is the output."""
        made: list[Any] = list(values)
        for _, takes, _, intended in self.steps:
            made.append(intended(*[made[i] for i in takes]))
        names = [name for name, *_ in self.steps]
        return dict(zip(names, made[self.inputs :], strict=True))


def named(name: str, fun: Step, count: int) -> Any:
    """Bundle a function under a name, with ``count`` arguments a, b, c."""

    def one(a: Any) -> Any:
        return fun(a)

    def two(a: Any, b: Any) -> Any:
        return fun(a, b)

    def three(a: Any, b: Any, c: Any) -> Any:
        return fun(a, b, c)

    return tg.bundle(f"[{name}] A step.")((one, two, three)[count - 1])


def random_pipeline(rng: Rng, size: int, fault: str) -> Pipeline | None:
    """Make a pipeline, or None when no call that matters can have the fault.

    Results that nobody uses yet are used first, so that most calls matter to the last one.
    """
    inputs = rng.randint(2, 4)
    types = ["n"] * inputs
    unused = list(range(inputs))
    chosen: list[tuple[Kind, Any, tuple[int, ...]]] = []
    while len(chosen) < size:
        kind = rng.choice(KINDS)
        takes = []
        for wanted in kind.takes:
            fitting = [i for i in range(len(types)) if types[i] == wanted and i not in takes]
            first = [i for i in fitting if i in unused]
            if fitting:
                takes.append(rng.choice(first if first and rng.random() < 0.75 else fitting[-8:]))
        if len(takes) == len(kind.takes):
            chosen.append((kind, rng.choice(kind.constants or (None,)), tuple(takes)))
            unused = [i for i in unused if i not in takes] + [len(types)]
            types.append(kind.gives)
    needed, stack = set(), [len(types) - 1]
    while stack:
        place = stack.pop()
        if place >= inputs and place not in needed:
            needed.add(place)
            stack.extend(chosen[place - inputs][2])
    fitting = [i - inputs for i in sorted(needed) if FAULTS[fault][1](chosen[i - inputs][0])]
    if not fitting:
        return None
    target = rng.choice(fitting)
    steps = []
    for i, (kind, k, places) in enumerate(chosen):
        intended = functools.partial(_with_constant, kind.fun, k)
        actual = FAULTS[fault][0](kind, k, rng) if i == target else intended
        name = f"{kind.name}_{i}"
        steps.append((name, places, named(name, actual, len(places)), intended))
    return Pipeline(steps, inputs, steps[target][0], fault)


def _with_constant(fun: Step, k: Any, *args: Any) -> Any:
    return fun(*args, k)
