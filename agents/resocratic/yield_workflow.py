"""The synthesis as a workflow that `tracegraph optimize` improves.

    tracegraph optimize agents/resocratic/yield_workflow.py --data targets.jsonl

An example is the aim of one attempt (`target_rows` makes them), the score its reward: certified
yield x novelty x difficulty hit - cost. Feedback names the stages that let nothing through, and
why. What may change: every prompt of the synthesis; that of the blind solver is none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracegraph.agents.resocratic.prompts import Prompts
from tracegraph.agents.resocratic.resolving import model_blind
from tracegraph.agents.resocratic.seeds import load_seeds
from tracegraph.agents.resocratic.synthesizer import Settings, Synthesizer
from tracegraph.agents.resocratic.target import Aim, Target, draw
from tracegraph.envs.solver import SolverPool
from tracegraph.models import LLM

PROMPTS = Prompts.load()

# The workflow's parameters are found among the names of its module.
variables_prompt, objective_prompt, constraint_prompt = (
    PROMPTS.variables,
    PROMPTS.objective,
    PROMPTS.constraint,
)
question_prompt, question_table_prompt = PROMPTS.question, PROMPTS.question_table


async def workflow(aim: dict[str, Any]) -> dict[str, Any]:
    """Make new optimisation problems whose optimum is proven and that a reader can solve again."""
    target = Target(**{**aim, "seeds": tuple(aim["seeds"])})
    async with SolverPool(1) as pool:
        llm = LLM()
        agent = Synthesizer(
            llm, pool, load_seeds(), model_blind(llm, pool), prompts=PROMPTS,
            settings=Settings(samples=1),
        )  # fmt: skip
        attempt = await agent.attempt(target)
    return {
        "reward": attempt.reward.value,
        "parts": attempt.reward.parts,
        "failures": [
            f"{each.stage} of {each.item} failed: {each.why}"
            for each in attempt.log
            if not each.passed
        ],
        "by_code": [
            f"{each.item} had to be worded by code, the model's text left numbers out"
            for each in attempt.log
            if each.passed and each.by == "code" and each.stage in ("objective", "constraint")
        ],
        "questions": [row["question"] for row in attempt.rows],
    }


def guide(output: Mapping[str, Any]) -> dict[str, Any]:
    """Score an attempt by its reward; say what each stage refused."""
    said = [*output["failures"], *output["by_code"]]
    parts = output["parts"]
    if parts["hit"] < 1:
        said.append(f"only {parts['hit']:.0%} of the difficulty that was asked for is met")
    if output["questions"] and parts["novelty"] < 0.5:
        said.append("the story is close to that of the example")
    feedback = ". ".join(said) or f"{len(output['questions'])} certified questions."
    return {"reward": output["reward"], "feedback": feedback}


def target_rows(count: int, aim: Aim | None = None) -> list[dict[str, Any]]:
    """Return examples for the workflow: aims of attempts, the same each time."""
    aim = aim or Aim(nonlinear=0.0, mutation=0.0)
    seeds = load_seeds()
    return [{"aim": draw(aim, seeds, f"yield-{n}").to_json()} for n in range(count)]
