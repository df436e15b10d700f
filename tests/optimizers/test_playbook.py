from __future__ import annotations

from dataclasses import replace

import tracegraph as tg
from tracegraph.optimizers import Playbook, Problem, Step
from tracegraph.optimizers.playbook import listed, statements, with_lines

REFUNDS = "Refunds go to the billing team, whatever the tone"
PARCELS = "Parcels that are late go to delivery"


def problem(feedback: str, score: float = 0.0) -> Problem:
    return Problem((), {}, (), {}, {}, {}, feedback, score)


PROBLEMS = [
    problem(f"Wrong team. {REFUNDS}. Anna bought a lamp on the third of May."),
    problem(f"{REFUNDS}; {PARCELS}."),
    problem(f"{PARCELS}. {REFUNDS}."),
    problem("This is right as it is, thank you. This is right as it is, thank you.", 1.0),
    problem("A {name} must be filled in here. "),
    problem("A {name} must be filled in here. "),
]


def step(**options: object) -> Step:
    prompt = tg.node("Name the team.", trainable=True, name="prompt")
    demos = tg.node("", trainable=True, name="demos", description="Examples.")
    given = {"prompt": prompt, "demos": demos}
    made = Step(given, {n: p.data for n, p in given.items()}, problems=PROBLEMS, count=2)
    return replace(made, **options)  # type: ignore[arg-type]


def test_what_is_said_more_than_once_about_failures_counts() -> None:
    assert statements(PROBLEMS) == [REFUNDS, PARCELS]


def test_what_is_said_again_of_the_same_example_counts_once() -> None:
    own = "The other optimum is 30.0 here"
    told = [replace(problem(f"{own}. {REFUNDS}."), example=name) for name in ("a", "a", "a")]
    assert statements(told) == []
    assert statements([*told, replace(problem(REFUNDS), example="b")]) == [REFUNDS]


async def test_statements_become_lines_and_other_proposals_are_parts_of_them() -> None:
    whole, part = await Playbook().propose(step())
    assert whole.values == {"prompt": f"Name the team.\n\nKeep in mind:\n- {REFUNDS}\n- {PARCELS}"}
    (lines,) = [listed(str(value)) for value in part.values.values()]
    assert len(lines) == 1
    assert lines[0] in (REFUNDS, PARCELS)


async def test_a_playbook_grows_and_is_not_filled_twice() -> None:
    known = with_lines("Name the team.", [REFUNDS])
    (only,) = await Playbook().propose(step(values={"prompt": known, "demos": ""}))
    assert listed(str(only.values["prompt"])) == [REFUNDS, PARCELS]
    full = with_lines("Name the team.", [REFUNDS, PARCELS])
    assert await Playbook().propose(step(values={"prompt": full, "demos": ""})) == []


async def test_constraints_hold_and_equal_steps_give_equal_proposals() -> None:
    short = tg.Parameter("Name the team.", name="prompt", max_length=80)
    given = step(parameters={"prompt": short}, values={"prompt": short.data})
    found = await Playbook().propose(given)
    assert all(len(str(p.values["prompt"])) <= 80 for p in found)
    assert [p.values for p in found] == [p.values for p in await Playbook().propose(given)]
