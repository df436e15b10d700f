"""Record a small workflow, say what was wrong, and see what could have caused it.

Run it: python cookbook/01_record.py [page.html]
"""

import sys
from pathlib import Path

import tracegraph as tg

TEMPLATE = "Dear {name}, thank you. Your message goes to {team}."
URGENT = ("down", "outage", "refund", "!")

# What may be changed: a text, and a number between two bounds.
template = tg.node(TEMPLATE, trainable=True, name="template", description="The answer's text.")
threshold = tg.Parameter(0.7, name="threshold", low=0, high=1)


@tg.bundle
def urgency(message):
    """How urgent a message sounds, from 0 to 1."""
    return min(1.0, sum(word in message.lower() for word in URGENT) / len(URGENT))


@tg.bundle
def route(score, threshold):
    """Which team answers."""
    return "the night shift" if score >= threshold else "support"


@tg.bundle
def answer(template, name, team):
    """Fill in the template."""
    return template.format(name=name, team=team)


def handle(message, name):
    return answer(template, name, route(urgency(message), threshold))


def main():
    # Nodes flow: each call returns a node that knows its origin.
    reply = handle(tg.node("Our shop is down since 3 am!", name="message"), "Ada")
    sent = reply.backward("An outage must go to the night shift.", score=0.0)
    print(f"answer:   {reply.data}\nfeedback: {sent.text()}\ncould have caused it:")
    graph = sent.subgraph()
    for call in graph.calls:
        print("   ", graph.line(call))

    # Native values flow: the same functions take and return plain values while they are recorded.
    messages = {"Ada": "Our shop is down since 3 am!", "Bob": "How do I change my picture?"}
    with tg.record(name="support messages") as run:
        replies = {name: handle(message, name) for name, message in messages.items()}
    run.feedback(replies["Ada"], "An outage must go to the night shift.", score=0.0)
    run.feedback(replies["Bob"], "Right team, right tone.", score=1.0)
    print(f"recorded: {len(run.nodes)} calls, {len(run.parameters)} parameters")

    page = Path(sys.argv[1] if len(sys.argv) > 1 else "out/01_record.html")
    print("page:    ", run.graph().save(page))


if __name__ == "__main__":
    main()
