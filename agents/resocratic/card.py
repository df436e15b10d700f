"""The data card: a README.md in the form that the Hugging Face hub reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from tracegraph.agents.resocratic.contamination import Gate
from tracegraph.agents.resocratic.finishing import Finished
from tracegraph.agents.resocratic.stages import Yield, yields

_FEATURES = (
    ("id", "of question and model"),
    ("parent_id", "the family: prefixes and variants of one problem, or mutations of one seed"),
    ("split", "of the whole family"),
    ("level", "constraints of the prefix"),
    ("variant", "`plain` or `table`"),
    ("question, question_by", "the text to solve; whether the model or the code worded it"),
    ("scenario", "the demonstration: each section in words and formally"),
    ("program", "PySCIPOpt"),
    ("objective, status, variables", "the answer"),
    ("model_format, model_text, model_kind, model_hash", "the model in a solver-neutral form; the "
     "hash does not depend on names and order"),
    ("certificate, certificate_gap, certificate_text, solvers, dual_bound", "how far the optimum "
     "is proved, see below"),
    ("blind_asked, blind_agreed, agreement", "solutions by solvers that saw the question alone"),
    ("difficulty_*", "variables, integers, constraints, class, gap between the optimum with and "
     "without integrality, nodes, pass rate of the blind solver"),
    ("overlap_*", "the nearest benchmark problem: 8-gram containment and cosine of embeddings"),
    ("target, target_hit", "the difficulty that was aimed at, and how much of it the last level "
     "met"),
    ("licence", "of the row"),
    ("provenance", "seeds, versions of prompts and code, model, tokens"),
    ("messages", "chat form for supervised fine-tuning"),
)  # fmt: skip


# What the kinds of certificates of optima rest on, strongest first.
_PROOFS = {
    "exact_lp": "a primal and a dual solution in rational numbers",
    "milp_agreement": "HiGHS and SCIP agree, and a point with that value is feasible in rational "
    "numbers; that none is better rests on the two solvers",
    "lp_agreement": "HiGHS and SCIP agree",
    "minlp_bound": "SCIP's bound within 1e-6, and the point checked; rests on one solver",
}


def write_card(
    name: str, finished: Finished, gate: Gate, *, model: str, run: str, tokens: int
) -> str:
    """Return the card of a data set.

    Args:
        name: the data set's.
        finished: its rows and what was left out.
        gate: what it was compared with.
        model: which model wrote the texts.
        run: the id of the run in the store.
        tokens: of all model calls.
    """
    rows = finished.rows
    splits = [name for name in ("train", "test") if any(row["split"] == name for row in rows)]
    files = "".join(f"  - split: {each}\n    path: data/{each}.parquet\n" for each in splits)
    head = ["configs:", "- config_name: default", f"  data_files:\n{files.rstrip()}"]
    configs = head if rows else []
    features = [f"| `{fields.replace(', ', '`, `')}` | {said} |" for fields, said in _FEATURES]
    return "\n".join(
        [
            "---",
            "license: apache-2.0",
            "language: [en]",
            "task_categories: [text-generation]",
            "tags: [optimization, operations-research, synthetic, tracegraph]",
            f"size_categories: [{_size(len(rows))}]",
            *configs,
            "---",
            "",
            f"# {name}",
            "",
            f"{len(rows)} optimisation problems in words, each with a program, an optimum and a "
            "certificate of it, made backwards: from a model to a question. Made "
            + (f"by {model}, " if tokens else "without a language model, ")
            + f"run {run}, {tokens:,} tokens. Licence: Apache-2.0.",
            "",
            *_splits(rows),
            "",
            "## Features",
            "",
            "| columns | what |",
            "|---|---|",
            *features,
            "",
            "The columns of the Parquet files; the JSON lines hold the same as nested objects.",
            "",
            "## Certificates",
            "",
            *_certificates(rows),
            "",
            "## Difficulty, measured",
            "",
            *_difficulty(rows),
            "",
            "## Yields",
            "",
            *yield_table(yields(finished.passages)),
            "",
            "`by code`: what the model wrote could not be used, and the code worded it.",
            "",
            "## Decontamination",
            "",
            *_decontamination(finished, gate),
            "",
        ]
    )


def yield_table(found: Sequence[Yield]) -> list[str]:
    """Return the yields as a Markdown table."""
    lines = ["| stage | in | out | share | by code | why not |", "|---|---|---|---|---|---|"]
    for each in found:
        reasons = "; ".join(f"{said} ({n})" for said, n in each.reasons).replace("|", "/")
        lines.append(
            f"| {each.stage} | {each.entered} | {each.passed} | "
            f"{each.passed / each.entered:.0%} | {each.by_code} | {reasons} |"
        )
    return lines


def _splits(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["| split | rows | families | plain | table | LP | MILP | other |", "|---" * 8 + "|"]
    for split in ("train", "test"):
        here = [row for row in rows if row["split"] == split]
        variants = Counter(row["variant"] for row in here)
        kinds = Counter(row["model"]["kind"] for row in here)
        other = len(here) - kinds["LP"] - kinds["MILP"]
        families = len({row["parent_id"] for row in here})
        lines.append(
            f"| {split} | {len(here)} | {families} | {variants['plain']} | {variants['table']} | "
            f"{kinds['LP']} | {kinds['MILP']} | {other} |"
        )
    return [*lines, "", "All items of a family are in one split."]


def _certificates(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    counts = Counter(str(row["certificate"]["kind"]) for row in rows)
    return [f"- `{kind}`, {n} rows: {_PROOFS.get(kind, '')}" for kind, n in counts.most_common()]


def _difficulty(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["| what | least | median | most |", "|---|---|---|---|"]
    for name in ("variables", "integers", "constraints", "gap", "nodes", "pass_rate"):
        values = [v for row in rows if (v := row["difficulty"].get(name)) is not None]
        if values:
            said = " | ".join(f"{f(values):.3g}" for f in (min, median, max))
            lines.append(f"| {name} | {said} |")
    return lines


def _decontamination(finished: Finished, gate: Gate) -> list[str]:
    if not gate.items:
        return ["No benchmark was given to compare with."]
    counts = Counter(item.source for item in gate.items)
    lines = [
        "Compared with every problem of these files, by containment of word 8-grams (rejected from "
        f"{gate.most_grams:.0%} on)"
        + (
            f"; the three that are nearest by words also by cosine of embeddings (from "
            f"{gate.most_cosine:g} on), so a paraphrase in other words is not seen."
            if gate.embeds
            else "."
        ),
        "",
        *(f"- {source}: {count} problems" for source, count in sorted(counts.items())),
        "",
    ]
    out = [each for each in finished.rejections if each.stage == "decontaminate"]
    lines.append(f"{len(out)} rows were rejected" + (":" if out else "."))
    lines += [f"- {each.key}: {each.why}" for each in out]
    nearest = [row["overlap"] for row in finished.rows if row["overlap"]]
    if nearest:
        said = (
            f"Of the rows kept, the largest containment is {max(o['grams'] for o in nearest):.2f}"
        )
        cosines = [o["cosine"] for o in nearest if o["cosine"] is not None]
        lines += ["", said + (f", the largest cosine {max(cosines):.3f}." if cosines else ".")]
    return lines


def _size(count: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if count < limit:
            return name
    return "100K<n<1M"
