"""Problems in words to programs, with a model that answers from a list."""

from types import SimpleNamespace
from typing import Any

import pytest

import tracegraph as tg
from tests.envs.solver import programs as p
from tracegraph.agents.resocratic.solve import Modeller, program_of
from tracegraph.cli.evals.optibench import summarize
from tracegraph.envs.solver import SolverPool, SolverTask
from tracegraph.prompts import load

BROKEN = p.MILP.replace("<= 4.5", "<= -4.5")
TASK = SolverTask("t", "Flour for 4.5 kg, 3 kg of it white.", {"x": "1", "total": "8.0"}, "linear")


class FakeLLM:
    """Answers in turn and keeps what it was asked."""

    model = "fake"

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[list[dict[str, Any]]] = []

    async def complete(self, messages: list[dict[str, Any]], **_: Any) -> Any:
        self.asked.append(messages)
        usage = SimpleNamespace(prompt_tokens=5, completion_tokens=7)
        return SimpleNamespace(
            text=self.answers.pop(0), latency=0.1, sampling={}, usage=usage, cost=0.0,
            prompt_token_ids=None, token_ids=None, logprobs=None,
        )  # fmt: skip


def fenced(code: str) -> str:
    return f"Here it is.\n```python\n{code}\n```\n"


@pytest.fixture
async def pool():
    pytest.importorskip("pyscipopt")
    async with SolverPool(1, seconds=8.0) as opened:
        yield opened


async def test_a_failed_program_is_repaired_by_its_diagnosis(pool: SolverPool) -> None:
    llm = FakeLLM(fenced(BROKEN), fenced(p.MILP))
    episode = await Modeller(llm, pool, repairs=1).run(TASK)  # type: ignore[arg-type]
    assert episode.outcome == "success"
    assert [turn.observation["status"] for turn in episode.turns] == ["infeasible", "optimal"]
    told = llm.asked[1][-1]["content"]
    assert "These constraints cannot hold together" in told
    assert "[line 7:" in told
    assert "Report: x; total" in llm.asked[0][1]["content"]
    assert episode.tokens == 24
    assert set(episode.policy) == {"model", "solve_zero", "solve_repair"}


async def test_figures_of_an_evaluation(pool: SolverPool) -> None:
    answers = [p.MILP, p.LP, BROKEN, "no idea"]
    agent = Modeller(FakeLLM(*map(fenced, answers[:3]), answers[3]), pool)  # type: ignore[arg-type]
    told = summarize([await agent.run(TASK) for _ in answers])
    assert told["accuracy"]["share"] == 0.25
    assert told["classes"]["linear"]["count"] == 4
    assert (told["relaxed"]["share"], told["whole"]["share"]) == (0.0, 1.0)
    assert told["failures"] == {
        "right in the other reading (integrality)": 1, "infeasible": 1, "no program": 1,
    }  # fmt: skip


async def test_claims_of_solvers_are_certified_apart(pool: SolverPool) -> None:
    llm = FakeLLM(fenced(p.MILP), fenced(p.LAZY), fenced(BROKEN))
    agent = Modeller(llm, pool, certify=True)  # type: ignore[arg-type]
    episodes = [await agent.run(TASK) for _ in range(3)]
    proofs = [each.extra["certificate"] for each in episodes]
    assert [proof["ok"] for proof in proofs] == [True, False, True]
    told = summarize(episodes)
    assert told["solved"] == pytest.approx(2 / 3)
    assert told["certified"]["share"] == pytest.approx(1 / 3)
    assert told["failures"] == {"optimal for its solver, not certified": 1, "infeasible": 1}


async def test_the_prompts_are_parameters_of_a_graph(pool: SolverPool) -> None:
    agent = Modeller(FakeLLM(fenced(p.MILP)), pool)  # type: ignore[arg-type]
    with tg.record(values={agent.instruction: "Write SCIP."}) as run:
        await agent.run(TASK)
    assert agent.llm.asked[0][0]["content"] == "Write SCIP."  # type: ignore[attr-defined]
    names = {node.name.rstrip("0123456789") for node in run.nodes}
    assert {"write", "program_of", "run_program", "examine"} <= names


@pytest.mark.parametrize("name", ["solve_zero", "solve_few"])
async def test_the_worked_examples_work(pool: SolverPool, name: str) -> None:
    text = load(f"resocratic/{name}").format()
    assert "lb=0" not in text.split("objective = model.addVar(")[1].split(")")[0]
    blocks = [b.split("```")[0] for b in text.split("```python\n")[1:]]
    for block in blocks:
        run = await pool.run(block)
        assert run.status == "optimal"
        assert run.answer


def test_programs_are_taken_out_of_answers() -> None:
    assert program_of.__wrapped__("```py\na\n```\nthen\n```python\nb\n") == "b"  # type: ignore[attr-defined]
