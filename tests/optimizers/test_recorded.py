"""The embedded model as an optimizer: real answers, recorded.

Renew with TRACEGRAPH_CASSETTE=auto when prompts change; the old cassettes must be removed first.
"""

from __future__ import annotations

import contextlib

from tracegraph import bundle, node, record
from tracegraph.graph.errors import ExecutionError
from tracegraph.models import LLM, Cassette
from tracegraph.models.testing import cassette  # noqa: F401  (a fixture)
from tracegraph.optimizers import OptoPrime, Problem, Step, TextGrad
from tracegraph.optimizers.placeholders import placeholders


@bundle()
def area(width: float, height: float) -> float:
    """Multiply width and height."""
    return width * height


async def test_a_number(cassette: Cassette) -> None:  # noqa: F811
    width = node(3.0, name="width", trainable=True, low=0, high=100)
    llm = LLM("local", cassette=cassette, store=False)
    optimizer = OptoPrime([width], llm=llm, objective="The area should be 42.")
    errors = []
    for _ in range(4):
        out = area(width, 6.0)
        errors.append(abs(out.data - 42))
        if not errors[-1]:
            break
        said = "too small, so width must grow" if out.data < 42 else "too large, so width must sink"
        optimizer.zero_feedback()
        optimizer.backward(
            out, f"The area is {out.data}; it should be 42: {said}.", score=-errors[-1]
        )
        await optimizer.astep()
    assert min(errors[1:]) < errors[0]


@bundle(trainable=True)
def parse_price(text: str) -> float:
    """Return the price in a text as a number."""
    return float(text)


async def test_a_function(cassette: Cassette) -> None:  # noqa: F811
    code = parse_price.parameter
    assert code is not None
    llm = LLM("local", cassette=cassette, store=False)
    optimizer = OptoPrime([code], llm=llm, objective="Read the price from any text.")
    prices = {"EUR 12.50": 12.5, "1,200.00": 1200.0, "7.25": 7.25}
    for text, price in prices.items():
        try:
            out = parse_price(text)
        except ExecutionError as error:
            out = error.exception_node
        good = not isinstance(out.data, Exception) and out.data == price
        said = "Right." if good else f"It should return {price}."
        optimizer.backward(out, said, score=float(good))
    assert await optimizer.astep()
    right = 0
    for text, price in prices.items():
        with contextlib.suppress(ExecutionError):
            right += parse_price(text).data == price
    assert right > 1, "more than before"


@bundle()
def classify(prompt: str, message: str) -> str:
    """Ask a model for the label of a message."""
    return ANSWERS[message]


@bundle()
def route(label: str) -> str:
    """Return the team that a message goes to."""
    return {"complaint": "care", "question": "help", "praise": "team"}.get(label, "nobody")


ANSWERS = {
    "My parcel is two weeks late!": "The message is a complaint about the late delivery.",
    "How do I reset my password?": "This is a user asking for help with a password.",
    "Great service, thank you": "Positive",
}
TEAMS = ("care", "help", "team")


def sorting() -> Step:
    prompt = node(
        "Classify the message: {message}",
        name="prompt",
        trainable=True,
        description="The instruction for a classifier.",
    )
    problems = []
    for message, team in zip(ANSWERS, TEAMS, strict=True):
        with record() as run:
            out = route(classify(prompt.data, message))
        said = f"It went to {out}; it should go to {team}. The label must be one of complaint, "
        said += "question and praise, in one word."
        problems.append(Problem.of(run.judged(out, said, 0.0), example=message))
    return Step(
        {"prompt": prompt},
        {"prompt": prompt.data},
        problems,
        objective="Sort messages of customers into complaint, question, praise.",
        count=2,
    )


async def test_a_prompt(cassette: Cassette) -> None:  # noqa: F811
    llm = LLM("local", cassette=cassette, store=False)
    proposals = await OptoPrime(llm=llm).propose(sorting())
    texts = [str(proposal.values["prompt"]) for proposal in proposals]
    assert any("complaint" in text for text in texts)
    assert all(placeholders(text) == ["message"] for text in texts)


async def test_textual_gradients(cassette: Cassette) -> None:  # noqa: F811
    llm = LLM("local", cassette=cassette, store=False)
    (proposal, *_) = await TextGrad(llm=llm, runs=2).propose(sorting())
    assert placeholders(str(proposal.values["prompt"])) == ["message"]
    assert proposal.reasoning
