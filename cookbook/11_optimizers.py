"""Every optimizer on one small task: who asks a model, who needs none, and what each proposes.

Run it: python cookbook/11_optimizers.py

The workflow has a prompt, a number, and a list of examples. The model is scripted and knows the
answers, so this shows how optimizers work, not how good they are: for that see
docs/benchmarks.md. Needs: pip install 'tracegraph[gepa,numeric]'
"""

import asyncio

from scripted import filled, scripted

import tracegraph as tg
from tracegraph.errors import MissingExtraError
from tracegraph.optimizers import Problem, Step, make, names

PROMPT, LIMIT = "Answer in one word: {text}", 6
KNOWN = {"prompt": PROMPT, "limit": LIMIT}

prompt = tg.node("Answer: {text}", trainable=True, name="prompt")
limit = tg.Parameter(2, name="limit", low=0, high=10)
examples = tg.Parameter([], kind="list", name="examples", description="Examples that are shown.")
ALL = {each.name: each for each in (prompt, limit, examples)}


@tg.bundle
def write(prompt, text, examples):
    """Fill the prompt in."""
    return "\n".join([*examples, prompt.format(text=text)])


@tg.bundle
def cut(text, limit):
    """Keep so many words."""
    return " ".join(text.split()[:limit])


def answer(text):
    return cut(write(prompt, text, examples), limit)


def judge(question):
    """Be a person: content with one answer, and with the others never; the rule is the same."""
    return float(question.startswith("Where")), "Answers are one word. Always keep six words."


def knows(request):
    """Be the model: answer in the form that is asked for, with values that are right."""
    if request.schema is not None:
        return filled(request.schema, **KNOWN)
    if "variable" in str(request.messages):
        tags = [f'<variable name="{name}">\n{value}\n</variable>' for name, value in KNOWN.items()]
        return "<reasoning>It is told.</reasoning>\n" + "\n".join(tags)
    return f"The answer is too long.\n```\n{PROMPT}\n```"


def recorded():
    """Run the workflow on three texts, and return the runs as problems."""
    problems = []
    for text in ("Where is the Louvre?", "Who wrote Faust?", "What is six times seven?"):
        with tg.record() as run:
            output = answer(text)
        score, said = judge(text)
        problems.append(Problem.of(run.judged(output, said, score=score), example=text))
    return problems


def short(value):
    """Return a value on one line."""
    text = " ".join(str(value).split())
    return text if len(text) <= 50 else f"{text[:50]}…"


async def propose(name, problems):
    """Return how often an optimizer asked, and what it proposed."""
    llm = scripted(knows)
    optimizer = make(name, llm=llm)
    if not hasattr(optimizer, "propose"):
        return "as it likes", "an engine: it searches by itself, in place of the loop"
    step = Step(
        ALL, {n: p.data for n, p in ALL.items()}, problems, objective="Do well.", seed=1, count=1
    )
    proposals = await optimizer.propose(step)
    values = {name: value for each in proposals for name, value in each.values.items()}
    shown = ", ".join(f"{name} = {short(value)}" for name, value in values.items())
    return f"{llm.transport.asked} times", shown or "nothing"


def main():
    problems = recorded()
    print(f"{'optimizer':<16} {'asks':<12} proposes")
    for name in names():
        try:
            asked, shown = asyncio.run(propose(name, problems))
        except MissingExtraError as missing:
            asked, shown = "", str(missing)
        print(f"{name:<16} {asked:<12} {shown}")


if __name__ == "__main__":
    main()
