"""The tables of the run store, as numbered steps from an empty file to today's schema.

A step that has been released is never edited: a change is a new step at the end.
"""

from __future__ import annotations

import sqlite3

from tracegraph.runs.errors import StoreError

_FIRST = """
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,               -- training, rollout, evaluation, ...
  name TEXT NOT NULL DEFAULT '',
  parent TEXT REFERENCES runs(id),
  status TEXT NOT NULL,             -- running, finished, failed, stopped
  owner TEXT,                       -- host, process and its start, while running
  started REAL NOT NULL,            -- Unix seconds
  finished REAL,
  config TEXT NOT NULL DEFAULT '{}',
  summary TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX runs_by_status ON runs(status, started);

CREATE TABLE calls (
  id TEXT PRIMARY KEY,
  run TEXT,
  node TEXT,                        -- the parent node in the recorded graph
  model TEXT NOT NULL,
  kind TEXT NOT NULL,               -- chat, embed
  status TEXT NOT NULL,             -- ok, error, cancelled, refused
  error TEXT,
  request_hash TEXT NOT NULL,
  cached INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  cost REAL NOT NULL,               -- dollars
  latency REAL NOT NULL,            -- seconds
  attempts INTEGER NOT NULL,
  started REAL NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX calls_by_run ON calls(run, id);
CREATE INDEX calls_by_hash ON calls(request_hash);

CREATE TABLE candidates (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  parent TEXT,
  status TEXT NOT NULL DEFAULT 'new',
  created REAL NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX candidates_by_run ON candidates(run, id);

CREATE TABLE evaluations (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  key TEXT NOT NULL,                -- the caller's name of this piece of work: never done twice
  candidate TEXT,
  task TEXT,
  split TEXT,
  outcome TEXT NOT NULL,
  score REAL,
  created REAL NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}',
  UNIQUE (run, key)
) STRICT;
CREATE INDEX evaluations_by_candidate ON evaluations(candidate, task);

CREATE TABLE proposals (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  candidate TEXT,
  optimizer TEXT NOT NULL,
  created REAL NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX proposals_by_run ON proposals(run, id);

CREATE TABLE decisions (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  proposal TEXT,
  candidate TEXT,
  verdict TEXT NOT NULL,            -- accepted, rejected, undecided
  created REAL NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX decisions_by_run ON decisions(run, id);

CREATE TABLE episodes (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  key TEXT NOT NULL,
  agent TEXT NOT NULL,
  env TEXT NOT NULL,
  task TEXT,
  seed INTEGER,
  outcome TEXT NOT NULL,
  reward REAL,
  started REAL NOT NULL,
  finished REAL NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}',
  UNIQUE (run, key)
) STRICT;
CREATE INDEX episodes_by_task ON episodes(task, outcome);

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT,
  kind TEXT NOT NULL,
  created REAL NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX events_by_run ON events(run, id);

CREATE TABLE state (
  run TEXT NOT NULL,
  name TEXT NOT NULL,
  updated REAL NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
  hash TEXT PRIMARY KEY,            -- SHA-256 of the data, hexadecimal
  media_type TEXT NOT NULL,
  created REAL NOT NULL,
  data BLOB NOT NULL
) STRICT;
"""

# What readers of long runs ask for: every column that they need is in the index, so that the large
# payloads are not read.
_INDEXES = """
CREATE INDEX runs_by_kind ON runs(kind, id);
CREATE INDEX events_by_kind ON events(run, kind, id);
CREATE INDEX calls_spent ON calls(
  run, model, cached, status, prompt_tokens, completion_tokens, cost, latency
);
CREATE INDEX evaluations_scored ON evaluations(run, candidate, split, task, score, id);
CREATE INDEX episodes_judged ON episodes(run, outcome, reward, id);
"""

# Lists of a viewer: what they filter and sort by, and which evaluations kept a graph, which else
# only the payloads tell.
_LISTS = """
CREATE INDEX episodes_listed ON episodes(
  run, agent, env, outcome, reward, task, id, started, finished
);
CREATE INDEX evaluations_drawn ON evaluations(run, id)
  WHERE json_type(payload, '$.graph') = 'object';
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _INDEXES, _LISTS)


def migrate(connection: sqlite3.Connection, steps: tuple[str, ...] = MIGRATIONS) -> int:
    """Bring the file to the newest schema and return its number.

    Each step and its number are written in one transaction, so that a kill in between leaves
    the schema before or after the step; processes that open the file at once take turns.

    Raises:
        StoreError: the file was written by a newer version of tracegraph.
    """
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > len(steps):
                raise StoreError(
                    f"the run store has schema {version} and this tracegraph knows up to "
                    f"{len(steps)}: upgrade tracegraph, or name another file"
                )
            if version < len(steps):
                for statement in _statements(steps[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        if version >= len(steps):
            return version


def _statements(script: str) -> list[str]:
    # `executescript` would commit the open transaction; so the steps are split here.
    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found
