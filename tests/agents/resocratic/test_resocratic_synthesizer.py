"""Attempts from seed to row, with a real solver and scripted answers of a model."""

import json
import time
from types import SimpleNamespace

import pytest

import tracegraph as tg
from tracegraph.agents.resocratic.blind import Solved
from tracegraph.agents.resocratic.contamination import Gate
from tracegraph.agents.resocratic.finishing import finish
from tracegraph.agents.resocratic.seeds import load_seeds
from tracegraph.agents.resocratic.stages import yields
from tracegraph.agents.resocratic.synthesizer import Settings, Synthesizer
from tracegraph.agents.resocratic.target import Target
from tracegraph.agents.resocratic.verify import close
from tracegraph.agents.resocratic.yield_workflow import guide, target_rows
from tracegraph.envs.solver import SolverPool
from tracegraph.models import Usage

TARGET = Target("t-1", "steps", "linear", "maximize", "integer", 2, 2, "a zoo", ("kelp-lines",))
VARIABLES = {
    "story": "A zoo fills feed bags in whole bags.",
    "variables": [
        {"symbol": "hay", "meaning": "bags of hay", "type": "integer"},
        {"symbol": "oat", "meaning": "bags of oats", "type": "integer"},
    ],
}
OBJECTIVE = {
    "text": "A bag of hay feeds 5 goats and a bag of oats 8 goats; feed as many as possible.",
    "quantity": "goats fed", "coefficients": {"hay": 5, "oat": 8},
}  # fmt: skip
FIRST = {
    "text": "A bag of hay costs 3 euros and a bag of oats 7 euros; there are 50 euros.",
    "quantity": "euros", "coefficients": {"hay": 3, "oat": 7}, "limit": 50,
}  # fmt: skip
SECOND = {
    "text": "A bag of hay takes 4 shelves and a bag of oats 2; there are 30 shelves.",
    "quantity": "shelves", "coefficients": {"hay": 4, "oat": 2}, "limit": 30,
}  # fmt: skip


class FakeModel:
    """Answers each stage from a list; the last answer of a stage is repeated."""

    model = "fake"

    def __init__(self, **answers):
        self.answers = {stage: list(said) for stage, said in answers.items()}

    async def complete(self, messages, *, schema=None, parent="", **options):
        said = self.answers[parent]
        answer = said.pop(0) if len(said) > 1 else said[0]
        text = answer if schema is None else json.dumps(answer)
        return SimpleNamespace(
            text=text, parsed=answer, latency=0.0, sampling={}, usage=Usage(prompt_tokens=10),
            prompt_token_ids=None, token_ids=None, logprobs=None,
        )  # fmt: skip


class FakeBlind:
    """Finds the same optimum each time."""

    def __init__(self, objective):
        self.objective = objective

    async def __call__(self, question, seed):
        return Solved("optimal", self.objective, model="fake")


@pytest.fixture
async def pool():
    async with SolverPool(1) as opened:
        yield opened


def model(**changes):
    said = {
        "variables": [VARIABLES], "objective": [OBJECTIVE], "constraint": [FIRST, SECOND],
        "question": ["no"],
    }  # fmt: skip
    return FakeModel(**(said | changes))


async def test_steps_become_rows_with_proofs(pool):
    # 10 hay and 2 oats cost 44 of 50 euros; without shelves hay alone: 16 bags, 80 goats.
    agent = Synthesizer(model(), pool, load_seeds(), FakeBlind(80.0), settings=Settings(samples=1))
    done = await agent.run(TARGET)
    rows = {row["key"]: row for row in done.extra["rows"]}
    assert set(rows) == {"t-1.1.plain", "t-1.1.table"}  # nobody found the optimum of level 2
    row = rows["t-1.1.table"]
    assert close(row["answer"]["objective"], 80.0)
    assert row["certificate"]["kind"] == "milp_agreement"
    assert len(row["certificate"]["solvers"]) >= 2
    assert row["question_by"] == "code"  # the model's "no" holds no number
    assert "| bags of hay | 5 | 3 |" in row["question"]
    assert row["provenance"]["policy"]["variables_prompt"]
    assert done.outcome == "success"
    assert 0 < done.reward < 1
    stages = {each.stage: each for each in yields(done.extra["stages"])}
    assert (stages["certify"].entered, stages["certify"].passed) == (2, 2)
    assert (stages["resolve"].entered, stages["resolve"].passed) == (4, 2)
    finished = await finish([done], Gate([]))
    assert {each["split"] for each in finished.rows} in ({"train"}, {"test"})


async def test_a_step_is_asked_again_with_what_was_wrong(pool):
    silent = OBJECTIVE | {"text": "Feed as many goats as possible."}
    empty = FIRST | {"coefficients": {"hay": 0, "oat": 7}}  # hay costs nothing: no bound
    llm = model(objective=[silent], constraint=[empty, FIRST, SECOND])
    agent = Synthesizer(llm, pool, load_seeds(), settings=Settings(tries=2))
    done = await agent.run(TARGET)
    asked = [turn.messages[-1]["content"] for turn in done.turns]
    assert any("does not state all numbers of the formula: 5, 8" in text for text in asked)
    passed = {each["item"]: each for each in done.extra["stages"] if each["passed"]}
    assert passed["objective"]["by"] == "code"  # after two tries the code states the numbers
    assert "bags of hay 5" in done.extra["rows"][0]["scenario"]
    assert passed["constraint-1"]["tries"] == 2


async def test_a_mutation_needs_no_model(pool):
    target = Target("m-2", "mutation", "linear", "maximize", "integer", 3, 3, "x", ("ferry-deck",))
    agent = Synthesizer(FakeModel(), pool, load_seeds())
    done = await agent.run(target)
    assert done.turns == []
    assert {row["parent_id"] for row in done.extra["rows"]} == {"ferry-deck"}
    assert done.extra["rows"][0]["provenance"]["changes"]


async def test_every_prompt_is_a_parameter_of_the_recorded_attempt(pool):
    agent = Synthesizer(model(), pool, load_seeds())
    shown, asked = [], []
    ask = agent.llm.complete

    async def watched(messages, **options):
        shown.append(messages[0]["content"])
        asked.append(time.time())
        return await ask(messages, **options)

    agent.llm.complete = watched
    done = await agent.run(TARGET)
    assert done.started <= asked[0] <= asked[-1] <= done.finished
    with tg.record(values={agent.prompts.objective: "Another instruction."}):
        await agent.attempt(TARGET)
    assert "Another instruction." in shown


def test_the_guide_names_the_stage_that_failed():
    output = {
        "reward": 0.0, "parts": {"hit": 0.0, "novelty": 1.0}, "questions": [], "by_code": [],
        "failures": ["objective of objective failed: the text does not state 5"],
    }  # fmt: skip
    said = guide(output)
    assert said["reward"] == 0
    assert "does not state 5" in said["feedback"]
    rows = target_rows(3)
    assert rows == target_rows(3)
    assert rows[0]["aim"]["generator"] == "steps"
