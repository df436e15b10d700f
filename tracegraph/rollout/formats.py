"""Episodes in the forms of others: OpenAI messages, TRL, verl, Parquet, whole as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from tracegraph.agents import Episode
from tracegraph.errors import MissingExtraError
from tracegraph.rollout.tokens import sequences
from tracegraph.rollout.work import policy_id
from tracegraph.runs import StoredEpisode

Format = Literal["openai", "trl", "verl", "parquet", "jsonl"]
_BATCH = 500  # episodes of one row group


def as_openai(row: StoredEpisode) -> Iterator[dict[str, Any]]:
    """Return the conversation, for supervised fine-tuning."""
    episode = Episode.from_stored(row)
    messages: list[dict[str, Any]] = []
    for turn in episode.turns:
        messages += [*turn.messages, {"role": "assistant", "content": turn.answer}]
    yield {"messages": messages, **_named(row, episode)}


def as_trl(row: StoredEpisode) -> Iterator[dict[str, Any]]:
    """Return the token sequences under the names of TRL's ``rollout_func``."""
    episode = Episode.from_stored(row)
    for found in sequences(episode):
        yield {
            "prompt_ids": found.prompt, "completion_ids": found.ids, "logprobs": found.logprobs,
            "env_mask": found.mask, **_named(row, episode),
        }  # fmt: skip


def as_verl(row: StoredEpisode) -> Iterator[dict[str, Any]]:
    """Return the token sequences under the names of verl's ``AgentLoopOutput``."""
    episode = Episode.from_stored(row)
    for found in sequences(episode):
        yield {
            "prompt_ids": found.prompt, "response_ids": found.ids, "response_mask": found.mask,
            "response_logprobs": found.logprobs, "reward_score": episode.reward,
            "num_turns": found.turns, "uid": episode.group or episode.task,
            "extra_fields": _named(row, episode),
        }  # fmt: skip


def as_json(row: StoredEpisode) -> Iterator[dict[str, Any]]:
    """Return everything."""
    from dataclasses import asdict

    yield asdict(row)


_LINES: dict[str, Callable[[StoredEpisode], Iterator[dict[str, Any]]]] = {
    "openai": as_openai, "trl": as_trl, "verl": as_verl, "jsonl": as_json,
}  # fmt: skip


def export(rows: Iterable[StoredEpisode], path: Path, form: Format) -> int:
    """Write episodes to a file, which appears when it is whole; return how many.

    Raises:
        MissingExtraError: the form is parquet and pyarrow is not installed.
        TracegraphError: the form is of tokens and an episode has none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    if form == "parquet":
        written = _parquet(rows, partial)
    else:
        written = 0
        with partial.open("w") as opened:
            for row in rows:
                written += 1
                for line in _LINES[form](row):
                    opened.write(json.dumps(line) + "\n")
    partial.replace(path)
    return written


def read_parquet(path: Path) -> Iterator[StoredEpisode]:
    """Return the episodes of a Parquet file, as they were stored."""
    parquet = _pyarrow()[1]
    file = parquet.ParquetFile(path)
    for batch in file.iter_batches(_BATCH):
        for row in batch.to_pylist():
            kept = {name: row[name] for name in _COLUMNS}
            payload = json.loads(row["payload"])
            _put_tokens(payload["turns"], row)
            yield StoredEpisode(**kept, payload=payload)


_COLUMNS = (
    "id", "run", "key", "agent", "env", "task", "seed", "outcome", "reward", "started", "finished",
)  # fmt: skip
_TOKENS = ("prompt_token_ids", "token_ids", "logprobs")


def _parquet(rows: Iterable[StoredEpisode], path: Path) -> int:
    arrow, parquet = _pyarrow()
    lists = arrow.list_(arrow.list_(arrow.int32()))
    kinds = {"seed": arrow.int64(), "reward": arrow.float64(), "started": arrow.float64()}
    kinds |= {"finished": arrow.float64()}
    schema = arrow.schema(
        [(name, kinds.get(name, arrow.string())) for name in _COLUMNS]
        + [("policy", arrow.string()), ("group", arrow.string())]
        + [("prompt_token_ids", lists), ("token_ids", lists)]
        # As they came: rounded ones would be other ratios.
        + [("logprobs", arrow.list_(arrow.list_(arrow.float64()))), ("payload", arrow.string())]
    )
    written = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            table = [_columns(row) for row in batch]
            writer.write_table(arrow.Table.from_pylist(table, schema))
            written += len(batch)
    return written


def _columns(row: StoredEpisode) -> dict[str, Any]:
    # Tokens are columns of their own, where they take a fifth of the room and can be read alone.
    turns = [dict(turn) for turn in row.payload.get("turns", [])]
    tokens = {name: [turn.pop(name, None) for turn in turns] for name in _TOKENS}
    payload = json.dumps({**row.payload, "turns": turns})
    return {
        **{name: getattr(row, name) for name in _COLUMNS}, **tokens, "payload": payload,
        "policy": policy_id(row.payload.get("policy", {})), "group": row.payload.get("group", ""),
    }  # fmt: skip


def _put_tokens(turns: list[dict[str, Any]], row: dict[str, Any]) -> None:
    for number, turn in enumerate(turns):
        turn |= {name: row[name][number] for name in _TOKENS}


def _batches(rows: Iterable[StoredEpisode]) -> Iterator[list[StoredEpisode]]:
    batch: list[StoredEpisode] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _named(row: StoredEpisode, episode: Episode) -> dict[str, Any]:
    return {
        "key": row.key, "task": episode.task, "group": episode.group, "reward": episode.reward,
        "outcome": episode.outcome, "policy": policy_id(episode.policy),
    }  # fmt: skip


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("parquet", "pyarrow") from error
    return pyarrow, pyarrow.parquet
