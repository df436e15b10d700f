"""Solve a problem in words: a program, its model, the optimum, and how far that is proved.

Run it: python cookbook/08_resocratic.py [--model local]

Without --model the model is scripted: its two programs are written below, the first with a
mistake, which the diagnosis finds. The solvers and the proof are real.
Needs: pip install 'tracegraph[solver]'
"""

import argparse
import asyncio

from scripted import scripted

from tracegraph.agents.resocratic import Modeller
from tracegraph.envs.solver import SolverPool, SolverTask, certify
from tracegraph.models import LLM

QUESTION = (
    "A baker has 10 kg of flour and 6 hours. A white loaf takes 0.5 kg and a quarter of an hour"
    " and earns 3 euros; a dark loaf takes 0.8 kg and half an hour and earns 5 euros. How many of"
    " each earn the most?"
)
PROGRAM = """```python
from pyscipopt import Model

model = Model()
white = model.addVar(name="white", vtype="I", lb=0)
dark = model.addVar(name="dark", vtype="I", lb=0)
model.addCons(0.5 * white + 0.8 * dark <= 10, name="flour")
model.addCons(0.25 * white + 0.5 * dark <= 6, name="hours")
model.setObjective(3 * white + 5 * dark, "maximize")
model.optimize()
```"""
WITHOUT_LIMITS = "".join(
    line for line in PROGRAM.splitlines(keepends=True) if "addCons" not in line
)


async def solve(model):
    last = {}
    llm = LLM(model) if model else scripted([WITHOUT_LIMITS, PROGRAM])
    async with SolverPool(1, seconds=20) as pool:
        agent = Modeller(llm, pool, repairs=1)
        task = SolverTask("baker", QUESTION)
        episode = await agent.run(task, on_event=lambda kind, told: last.update(told))
        return episode, last["run"], await certify(last["run"], pool)


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--model", default="", help="a model in place of the script")
    model = options.parse_args(arguments).model

    episode, run, proof = asyncio.run(solve(model))
    print(f"model:       {model or 'scripted'}\n{QUESTION}\n")
    for number, turn in enumerate(episode.turns, start=1):
        print(f"program {number}:   {turn.observation['status']}")
    for variable in run.variables:
        print(f"             {variable.name} = {variable.value:g}")
    print(f"objective:   {run.objective:g}\ncertificate: {proof.kind}, {proof.text}")


if __name__ == "__main__":
    main()
