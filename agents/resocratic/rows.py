"""Rows of the data set: what a certified item is on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tracegraph.agents.resocratic.demonstration import Demonstration
from tracegraph.agents.resocratic.questions import Question
from tracegraph.agents.resocratic.target import Target, hit
from tracegraph.agents.resocratic.verify import Difficulty, Verified

LICENCE = "Apache-2.0"

_SYSTEM = (
    "You model optimisation problems. Answer with a PySCIPOpt program that builds and solves the "
    "problem."
)


def make_row(
    key: str, level: int, question: Question, demonstration: Demonstration, verified: Verified,
    measured: Difficulty, target: Target, *, family: str, solved: Sequence[Mapping[str, Any]],
    provenance: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Return the row of a question, all of it JSON.

    Args:
        key: of the attempt.
        level: how many constraint sections the demonstration has.
        question: what is asked.
        demonstration, verified, measured: what is known about the answer.
        target: what the attempt aimed at.
        family: what the item descends from; items of one family stay in one split.
        solved: the blind solutions, each with its status and objective.
        provenance: seeds, versions, model, tokens.
    """
    certificate = verified.certificate
    assert certificate is not None
    assert verified.run.model is not None
    model = verified.run.model
    return {
        "id": hashlib.sha256(f"{question.text}\n{verified.hash}".encode()).hexdigest()[:16],
        "key": f"{key}.{level}.{question.variant}",
        "parent_id": family,
        "level": level,
        "variant": question.variant,
        "question": question.text,
        "question_by": question.writer,
        "scenario": str(demonstration),
        "program": verified.code,
        "answer": {
            "objective": verified.objective,
            "status": verified.run.status,
            "variables": {
                each.symbol: verified.values[each.symbol]
                for each in demonstration.variables
                if each.symbol in verified.values
            },
        },
        "model": {
            "format": model.format, "text": model.text, "kind": model.kind, "hash": verified.hash,
        },
        "certificate": {
            "kind": certificate.kind, "gap": certificate.gap, "text": certificate.text,
            "solvers": dict(certificate.solvers), "dual_bound": verified.run.dual_bound,
        },
        "agreement": {
            "asked": len(solved), "agreed": sum(bool(each["agrees"]) for each in solved),
            "solutions": [dict(each) for each in solved],
        },
        "difficulty": measured.to_json(),
        "target": target.to_json(),
        "target_hit": hit(target, demonstration) if target.constraints == level else None,
        "provenance": dict(provenance),
        "overlap": None,
        "split": "",
        "licence": LICENCE,
        "messages": [
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": question.text},
            {"role": "assistant", "content": f"```python\n{verified.code.strip()}\n```"},
        ],
    }  # fmt: skip


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for a table: nested values that differ from row to row become JSON texts."""
    answer, certificate, model = row["answer"], row["certificate"], row["model"]
    measured, overlap = row["difficulty"], row["overlap"] or {}
    return {
        **{name: row[name] for name in (
            "id", "parent_id", "split", "level", "variant", "question", "question_by", "scenario",
            "program", "target_hit", "licence", "messages",
        )},
        "objective": answer["objective"],
        "status": answer["status"],
        "variables": json.dumps(answer["variables"]),
        "model_format": model["format"],
        "model_text": model["text"],
        "model_kind": model["kind"],
        "model_hash": model["hash"],
        "certificate": certificate["kind"],
        "certificate_gap": certificate["gap"],
        "certificate_text": certificate["text"],
        "solvers": json.dumps(certificate["solvers"]),
        "dual_bound": certificate["dual_bound"],
        "blind_asked": row["agreement"]["asked"],
        "blind_agreed": row["agreement"]["agreed"],
        **{f"difficulty_{name}": value for name, value in measured.items()},
        "overlap_grams": overlap.get("grams"),
        "overlap_cosine": overlap.get("cosine"),
        "overlap_nearest": " #".join(filter(None, map(overlap.get, ("source", "item")))),
        "target": json.dumps(row["target"]),
        "agreement": json.dumps(row["agreement"]),
        "provenance": json.dumps(row["provenance"]),
    }  # fmt: skip
