"""Episodes as training samples: chat form with tags, distinct, with a data card."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph import prompts
from tracegraph.agents.datarus import tags
from tracegraph.agents.datarus.synthesis.propose import fingerprint

if TYPE_CHECKING:
    from tracegraph.agents.datarus.synthesis.verify import Verified
    from tracegraph.agents.episode import Episode


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation to train on.

    Attributes:
        id: that of the question.
        messages: in OpenAI form: replies hold a step or the end, what the notebook printed is
            the user's, so that a trainer that masks the user trains on no output.
        meta: the table, the answer, the model, the number of cells and of corrections.
    """

    id: str
    messages: list[dict[str, str]]
    meta: dict[str, Any]


def to_sample(verified: Verified, episode: Episode, table: str, model: str) -> Sample:
    """Return an episode of any form as a conversation with tags."""
    go_on = prompts.load("datarus/go_on").format()
    correct = prompts.load("datarus/correct").format()
    opening = prompts.load("datarus/opening")
    messages = [
        {"role": "system", "content": prompts.load("datarus/agentic").format()},
        {
            "role": "user",
            "content": opening.format(
                question=verified.question, files=str(episode.extra.get("files", table))
            ),
        },
    ]
    turns = [turn for turn in episode.turns if turn.observation is not None]
    for turn in turns:
        action, seen = turn.action, turn.observation
        text = f"<observation>{tags.escape(seen['text'])}</observation>"
        text += f"\n{go_on if seen['status'] == 'ok' else correct}"
        messages += [
            {"role": "assistant", "content": tags.step(action["thought"], action["code"])},
            {"role": "user", "content": text},
        ]
    thought = str(episode.turns[-1].action.get("thought", ""))
    messages.append({"role": "assistant", "content": tags.final(thought, episode.answer)})
    meta = {
        "table": table, "name": verified.name, "answer": verified.answer, "code": verified.code,
        "model": model, "cells": len(turns), "seed": episode.seed,
        "corrections": sum(turn.observation["status"] != "ok" for turn in turns),
    }  # fmt: skip
    return Sample(verified.key, messages, meta)


def distinct(samples: Iterable[Sample]) -> list[Sample]:
    """Return samples of which no two ask the same, or answer with the same cells."""
    kept: list[Sample] = []
    seen: set[str] = set()
    for sample in samples:
        asked = " ".join(sample.messages[1]["content"].casefold().split())
        cells = [m["content"] for m in sample.messages if m["role"] == "assistant"]
        marks = {sample.id, asked, fingerprint("\n".join(cells))}
        if not marks & seen:
            kept.append(sample)
        seen |= marks
    return kept


def write_dataset(
    folder: Path, samples: Sequence[Sample], rejected: Counter[str], *, source: str
) -> Path:
    """Write ``train.jsonl`` and its data card ``README.md``; return the folder.

    Args:
        folder: made if it is not there.
        samples: what goes in.
        rejected: how many questions were left out, by reason.
        source: the table, and the models that wrote questions and solutions, in words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(asdict(s), ensure_ascii=False) + "\n" for s in samples)
    _write(folder / "train.jsonl", lines)
    cells = Counter(sample.meta["cells"] for sample in samples)
    corrected = sum(sample.meta["corrections"] > 0 for sample in samples)
    reasons = "".join(f"- {reason}: {count}\n" for reason, count in rejected.most_common())
    counts = ", ".join(f"{count} of {n}" for n, count in sorted(cells.items()))
    _write(
        folder / "README.md",
        f"# Notebook analyses with tags\n\n{len(samples)} conversations. {source}\n\n"
        "Each line of `train.jsonl` has `id`, `messages` (OpenAI form: replies are steps and the\n"
        "end of the analysis, observations are the user's) and `meta`.\n\n"
        "A question is in here when its own code ran and gave one value, and independent\n"
        "solutions of the agent, which never saw the code, came to the same value. No two ask\n"
        "the same, or are solved by the same cells. Answers are as right as this check is: two\n"
        "solutions of one model can share a misunderstanding.\n\n"
        f"Cells an analysis: {counts or 'none'}; {corrected} contain a correction.\n\n"
        f"## Left out\n\n{reasons or '- nothing'}\n",
    )
    return folder


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
