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
        case "training step":
            return f"step {told['step']}: {_measured(told, 'reward', 'loss', 'entropy')}"
        case "training evaluation" | "training end":
            # The trainer of a policy tells two accuracies; others name the part and measure more.
            parts = _measured(told, "check", "held_out", "precision", "accuracy")
            return f"after step {told['step']}: {parts}"
        case "training begun":
            return f"goes on after step {told['step']}" if told["step"] else ""
    return ""


def _measured(told: dict[str, Any], *names: str) -> str:
    found = [(name.replace("_", " "), told[name]) for name in names if name in told]
    return ", ".join(
        f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in found
    )


def told_examples(told: dict[str, Any]) -> str:
    """Return the number of examples, where it was told."""
    return f"{told['examples']} " if "examples" in told else ""


def _said(told: dict[str, Any]) -> str:
    return f"; {told['reason']}" if told.get("reason") else ""
