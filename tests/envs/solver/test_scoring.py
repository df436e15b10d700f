"""Labels, profiles, tasks, the environment."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.envs.solver import programs as p
from tracegraph.envs.solver import (
    SolverEnv,
    SolverPool,
    SolverRun,
    SolverTask,
    labelled,
    load,
    score,
    stratified,
)
from tracegraph.envs.solver.answer import read_answer, split_unit
from tracegraph.envs.solver.labels import flaws
from tracegraph.envs.solver.profiles import half_ulp, profile_of
from tracegraph.envs.solver.tasks import DataError
from tracegraph.errors import TracegraphError


@pytest.mark.parametrize(
    ("profile", "value", "label", "close"),
    [
        ("strict", 16666.6667, "16666.667", True), ("optibench", 16666.6667, "16666.667", False),
        ("strict", 3.42265, "3.42333", False), ("strict", 1e6 + 0.5, "1000000.0", True),
        ("optibench", 1e6 + 0.5, "1000000.0", False), ("strict", 3.4, "3.0", False),
        ("orlm", 103.0, "100", True), ("orlm", 106.0, "100", False), ("orlm", 0.2, "0.0", True),
        ("sirl", 100.0001, "100", True), ("sirl", 100.001, "100", False),
        ("nl4opt", 100.005, "100", True),
    ],
)  # fmt: skip
def test_each_profile_has_its_rule(profile: str, value: float, label: str, close: bool) -> None:
    assert profile_of(profile).close(value, label) is close


def test_half_of_the_last_digit() -> None:
    assert half_ulp("16666.667") == pytest.approx(5e-4)
    assert half_ulp("23.0") == half_ulp("23") == 0
    assert half_ulp("1.5e3") == pytest.approx(50)
    with pytest.raises(TracegraphError, match="strict, optibench"):
        profile_of("lenient")


def test_another_optimal_point_is_right() -> None:
    task = SolverTask("t", "", {"a": "3.0", "b": "1.0", "total": "4.0"})
    run = SolverRun("optimal", 4.0, answer={"a": 1.0, "b": 3.0, "total": 4.0})
    assert score(run, task).value == 1
    published = score(run, task, "optibench")
    assert published.value == 0
    assert published.parts["objective"] == 1
    assert "a, b" in published.feedback


def test_what_is_not_proved_is_not_right() -> None:
    task = SolverTask("t", "", 4.0)
    assert score(SolverRun("timeout", 4.0), task).value == 0
    assert score(SolverRun("no_solve", answer={"objective": 4.0}), task).value == 0
    assert score(SolverRun("infeasible"), SolverTask("t", "", "infeasible")).value == 1


@pytest.mark.parametrize(
    ("stdout", "answer"),
    [
        ('ANSWER {"a": 1}\nANSWER: {"a": "1.5e+06 kg", "b": true}\n', {"a": 1.5e6}),
        ('  ANSWER {"a": {"b": [1, "-$2,000"]}}', {"a.b.0": 1.0, "a.b.1": 2000.0}),
        ("the ANSWER {}", {}), ('ANSWER {"a": NaN, "b": 1e999}', {}), ("ANSWER [1]", {}),
    ],
)  # fmt: skip
def test_answers_are_read(stdout: str, answer: dict[str, float]) -> None:
    assert read_answer(stdout) == answer


def test_units_are_what_names_say() -> None:
    assert split_unit("flour [kg]") == ("flour", "kg")
    assert [split_unit(name)[1] for name in ("x[1]", "x [", "flour (kg)", "[kg]")] == [""] * 4


def test_known_bad_labels_have_reasons() -> None:
    known = flaws("optibench")
    assert {"123", "234", "392", "588", "6"} <= set(known)
    assert all(flaw.reason for flaw in known.values())


def test_files_of_problems(tmp_path: Path) -> None:
    rows = [
        {"question": f"q{n}", "index": n, "type": "ab"[n % 5 == 0], "results": {"x": "1", "y": "2"}}
        for n in range(130)
    ]
    whole = tmp_path / "OptiBench.json"
    whole.write_text(json.dumps(rows))
    tasks = load(whole)
    assert tasks[123].flaw is not None
    assert tasks[0].objective == "2"
    chosen = stratified(tasks, 10)
    assert Counter(task.kind for task in chosen) == {"a": 8, "b": 2}
    plain = tmp_path / "p.jsonl"
    plain.write_text(
        '{"question": "q", "answer": 3}\n{"question": "r", "answer": "No Best Solution"}'
    )
    assert [task.label for task in load(plain)] == [3.0, "infeasible"]
    plain.write_text("nothing")
    with pytest.raises(DataError, match=r"p\.jsonl"):
        load(plain)


async def test_the_environment_scores_both_readings(pool: SolverPool) -> None:
    env = SolverEnv(pool, programs=2)
    task = SolverTask("t", "Flour for 4.5 kg, 1 and 2.", 8.5)
    await env.reset(task)
    result = await env.step(p.MILP.replace('"cost"', '"total"').replace('"$1,200.50 a day"', "1"))
    assert not result.done
    judged = await env.evaluate()
    assert judged.value == 0
    assert (judged.parts["relaxed"], judged.parts["whole"]) == (1.0, 0.0)
    assert (await env.step(p.LP)).done
    assert (await env.evaluate()).value == 1
    await env.close()


async def test_an_annotated_problem_is_its_own_label(pool: SolverPool) -> None:
    from tests.envs.solver.test_proofs import ANNOTATED
    from tracegraph.envs.solver.nl4opt import task_of

    assert (await labelled(task_of("t", ANNOTATED), pool)).label == 12 * 20 + 18 * 15
