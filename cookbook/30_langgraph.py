"""Improve a LangGraph graph as it is: record it, name its prompt, train on tickets, prove it.

Run it: python cookbook/30_langgraph.py

The same from the command line:

    tracegraph optimize cookbook/30_langgraph.py:workflow --data cookbook/data/tickets.jsonl \
        --expected team --optimizer playbook

A scripted model stands in for a real one, and follows its prompt to the letter. With
COOKBOOK_MODEL=local, or the name of any model, a real one is asked; take --optimizer optoprime.

Needs: pip install 'tracegraph[langgraph]'
"""

import argparse
import asyncio
import json
import os
from pathlib import Path
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

import tracegraph as tg
from tracegraph.integrations.langgraph import trace_graph
from tracegraph.models import LLM
from tracegraph.optimizers import Playbook
from tracegraph.runs import Store
from tracegraph.training import Settings, Trainer, Workflow
from tracegraph.training.data import Example, split
from tracegraph.training.guides import make_guide

TICKETS = Path(__file__).with_name("data") / "tickets.jsonl"
WORDS = {
    "billing": ("charged", "invoice", "refund"),
    "shipping": ("parcel", "delivery"),
    "technical": ("error", "crashes", "connect"),
}

# A graph as it may stand in your code; nothing in it knows of tracegraph.

CLASSIFIER = "Say which team should answer this ticket: billing, shipping or technical."


class Ticket(TypedDict, total=False):
    message: str
    answer: str
    team: str


def ask(prompt, message):
    """Ask the model of $COOKBOOK_MODEL, or the scripted one."""
    if name := os.environ.get("COOKBOOK_MODEL"):
        llm = LLM(name, temperature=0, max_tokens=16)
        return llm.complete_sync(f"{prompt}\n\nTicket: {message}").text.strip().lower()
    team = next(t for t, words in WORDS.items() if any(w in message for w in words))
    return team if "nothing else" in prompt else f"That sounds like something for {team}."


def classify(state: Ticket):
    """Ask a model which team should answer."""
    return {"answer": ask(CLASSIFIER, state["message"])}


def readable(state: Ticket):
    """Send answers that are no team to a person."""
    return "dispatch" if state["answer"] in WORDS else "by_hand"


def dispatch(state: Ticket):
    """Give the ticket to the team."""
    return {"team": state["answer"]}


def by_hand(state: Ticket):
    """Let a person read the answer."""
    return {"team": "a person"}


def build():
    graph = StateGraph(Ticket)
    for node in (classify, dispatch, by_hand):
        graph.add_node(node)
    graph.add_edge(START, "classify")
    graph.add_conditional_edges("classify", readable, ["dispatch", "by_hand"])
    graph.add_edge("dispatch", END)
    graph.add_edge("by_hand", END)
    return graph.compile()


# What makes it trainable: the graph is traced, and a parameter takes the place of the variable that
# has its name, in one node.

prompt = tg.Parameter(CLASSIFIER, name="CLASSIFIER", description="Asks for the team.")
graph = trace_graph(build(), prompts={"classify": prompt})


def workflow(message):
    """Route a ticket to the team that should answer it."""
    return graph.invoke({"message": message})["team"]


def guide(output, expected):
    """Judge a route."""
    if output == expected:
        return 1.0, "Right."
    if output == "a person":
        return 0.0, "The answer must be the name of the team and nothing else."
    return 0.0, f"It should have gone to {expected}."


def examples():
    rows = map(json.loads, TICKETS.read_text(encoding="utf-8").splitlines())
    return [Example(row["id"], {"message": row["message"]}, row["team"]) for row in rows]


async def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--store", type=Path, default=None, help="where the run is kept")
    options.add_argument("--steps", type=int, default=3)
    chosen = options.parse_args(arguments)
    with Store(chosen.store) as store:
        result = await Trainer(
            Workflow(workflow, [prompt]),
            split(examples()),
            make_guide(guide),
            Playbook(),
            store=store,
            settings=Settings(steps=chosen.steps),
        ).train()
    print(result.summary())
    for name, value in result.values.items():
        print(f"\n{name}:\n{value}")


if __name__ == "__main__":
    asyncio.run(main())
