"""Coming from DSPy: a signature is a schema, a module is a function, demos are a parameter.

Run it: python cookbook/14_from_dspy.py

    DSPy                                             tracegraph
    class Sort(dspy.Signature): ...                  a pydantic model for the answer: schema=Team
    dspy.Predict(Sort), dspy.Module                  a bundled function that asks `llm.complete`
    the signature's instruction                      tg.node("...", trainable=True)
    demos, found by BootstrapFewShot                 tg.Parameter([], kind="list"), "fewshot"
    a metric(example, prediction)                    a guide(output, expected), may say why
    MIPROv2(...).compile(program, trainset=...)      tracegraph optimize FILE.py --data FILE
    program.save("x.json")                           tracegraph export RUN, tracegraph apply RUN

The model here is scripted: it sorts rightly once it is shown examples.
"""

import asyncio
from typing import Literal

from pydantic import BaseModel
from scripted import scripted

import tracegraph as tg
from tracegraph.optimizers import Problem, Step, apply, make


class Team(BaseModel):
    """The answer's form."""

    team: Literal["billing", "technical"]


def sorts(request):
    """Be the model: without examples everything is technical."""
    text = str(request.messages[-1]["content"])
    shown, _, message = text.rpartition("Message:")
    charged = "charged" in message and "output:" in shown
    return {"team": "billing" if charged else "technical"}


llm = scripted(sorts)
instruction = tg.node("Sort the message: billing or technical?", trainable=True, name="instruction")
demos = tg.Parameter([], kind="list", name="demos", description="Examples that are shown.")


@tg.bundle
def sort(message, instruction, demos):
    """Ask the model for the team."""
    prompt = "\n".join([instruction, *demos, f"Message: {message}"])
    return llm.complete_sync(prompt, schema=Team).parsed.team


LESSONS = {
    "The app crashes.": "technical",
    "The screen stays black.": "technical",
    "I was charged twice.": "billing",
}


def measure():
    return sum(sort(m, instruction, demos).data == team for m, team in LESSONS.items())


async def learn():
    """Let few-shot demonstrations come from runs that did well, as a bootstrap would."""
    problems = []
    for message, team in LESSONS.items():
        with tg.record() as run:
            answer = sort(message, instruction, demos)
        right = answer == team
        problems.append(Problem.of(run.judged(answer, team, score=float(right)), example=message))
    step = Step({"demos": demos}, {"demos": []}, problems, objective="", seed=1, count=1)
    return (await make("fewshot", shots=2).propose(step))[0]


def main():
    print(f"zero-shot: {measure()} of {len(LESSONS)} right")
    proposal = asyncio.run(learn())
    for demo in proposal.values["demos"]:
        print(f"  shown: {demo!r}")
    apply(proposal.values, {"demos": demos})
    print(f"with examples: {measure()} of {len(LESSONS)} right")


if __name__ == "__main__":
    main()
