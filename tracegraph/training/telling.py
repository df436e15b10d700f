"""What happens in a run, in a line each."""

from __future__ import annotations

from typing import Any


def describe(kind: str, told: dict[str, Any]) -> str:
    """Return an event in a line; empty for those that say little to people."""
    match kind:
        case "started":
            names = ", ".join(f"{n} ({k})" for n, k in told["parameters"].items())
            return (
                f"{told['workflow']}: {names}; {told['probe']} examples to learn from, "
                f"{told['fresh']} to decide with, {told['test']} locked for the proof"
            )
        case "baseline":
            return f"the seed scores {told['score']:.3f} on {told_examples(told)}training examples"
        case "step":
            focus = ", ".join(told["focus"][:3])
            return f"step {told['number']}: improve {told['candidate']}; most blamed: {focus}"
        case "tried":
            changed = ", ".join(told["changes"])
            return (
                f"  {told['candidate']} by {told['optimizer']}: {told['score']:.3f} on "
                f"{told['examples']} training examples, {told['what']} ({changed})"
            )
        case "testing":
            return f"  {told['candidate']}: test on fresh examples"
        case "accepted" | "rejected":
            return f"  {told['candidate']}: {kind}, {told['why']}{_said(told)}"
        case "pending":
            return (
                f"  {told['candidate']} waits: tracegraph approve last, or tracegraph reject last"
            )
        case "trouble":
            return f"  example {told['example']} is left out, {told['what']}: {told['why']}"
        case "unanswered" | "budget":
            return f"  {told['why']}"
        case "proving":
            return f"proof: seed and best on {told['examples']} locked examples"
    return ""


def told_examples(told: dict[str, Any]) -> str:
    """Return the number of examples, where it was told."""
    return f"{told['examples']} " if "examples" in told else ""


def _said(told: dict[str, Any]) -> str:
    return f"; {told['reason']}" if told.get("reason") else ""
