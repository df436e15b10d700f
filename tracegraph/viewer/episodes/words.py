"""An index of the words of episodes, in a file beside the store: made as it is needed.

It holds no texts, only which episode has which words, and can be deleted at any time.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from tracegraph.runs import Store

_BATCH = 100  # episodes of one transaction
_PATIENCE = 0.15  # seconds that a search waits for the index
_LONGEST = 200_000  # characters of an episode
_MARK = "CREATE TABLE IF NOT EXISTS mark (one INTEGER PRIMARY KEY CHECK (one = 1), place, id)"
# Which episodes, not where in them; and beginnings of words by themselves: a word that is being
# typed would else be the union of thousands.
_WORDS = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING "
    "fts5(text, content='', detail=none, prefix='1 2 3 4 5')"
)
_FIND = "SELECT rowid FROM words WHERE words MATCH ?"
_FORM = 2  # of the file


class Words:
    """Finds episodes by the words of their task, messages and actions.

    Args:
        store: whose episodes; the index is kept beside its file.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = store.path.with_name(f"{store.path.stem}.words.db")
        self._lock = threading.Lock()

    def find(self, text: str) -> tuple[list[int], int, int]:
        """Return the rows with each word (of the last, its beginning), and how many were searched.

        The rest is read in the background, when there is more than a moment's work.
        """
        terms = re.findall(r"[^\W_]+", text)
        if not self._catch_up(_PATIENCE):
            threading.Thread(target=self._catch_up, args=(600.0,), daemon=True).start()
        (known,) = self._store.fetch("SELECT coalesce(max(rowid), 0) FROM episodes")[0]
        with closing(self._open()) as index:
            (done,) = index.execute("SELECT coalesce(max(place), 0) FROM mark").fetchone()
            if not terms:
                return [], done, known
            # The last word may be its beginning: it is still being typed.
            asked = " AND ".join(f'"{term}"' for term in terms) + " *"
            try:
                rows = index.execute(_FIND, [asked]).fetchall()
            except sqlite3.OperationalError as error:
                if "phrase" not in str(error):
                    raise
                rows = []  # of a few letters of Tai Lue the index makes two words
        return [row[0] for row in rows], done, known

    def _catch_up(self, seconds: float) -> bool:
        """Read new episodes for some time; say whether all were read."""
        if not self._lock.acquire(timeout=seconds):
            return True  # another thread is at it
        end = time.monotonic() + seconds
        try:
            with closing(self._open()) as index:
                while True:
                    if not self._batch(index):
                        return True
                    if time.monotonic() > end:
                        return False
        finally:
            self._lock.release()

    def _batch(self, index: sqlite3.Connection) -> int:
        index.execute("BEGIN IMMEDIATE")
        mark = index.execute("SELECT place, id FROM mark").fetchone()
        after = 0
        if mark is not None:
            same = self._store.fetch("SELECT id FROM episodes WHERE rowid = ?", [mark[0]])
            if same and same[0][0] == mark[1]:
                after = mark[0]
            else:  # the store is another one than it was
                index.execute("DROP TABLE words")
                index.execute(_WORDS)
        rows = self._store.fetch(
            "SELECT rowid, id, key, task, payload FROM episodes WHERE rowid > ? ORDER BY rowid"
            " LIMIT ?",
            [after, _BATCH],
        )
        for place, _, key, task, payload in rows:
            text = f"{key} {task or ''} {' '.join(_texts(payload))}"[:_LONGEST]
            index.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", [place, text])
        if rows:
            index.execute("REPLACE INTO mark VALUES (1, ?, ?)", [rows[-1][0], rows[-1][1]])
        index.execute("COMMIT")
        return len(rows)

    def _open(self) -> sqlite3.Connection:
        index = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        index.execute("PRAGMA journal_mode = WAL")
        if index.execute("PRAGMA user_version").fetchone()[0] != _FORM:
            index.execute("BEGIN IMMEDIATE")
            index.execute("DROP TABLE IF EXISTS mark")
            index.execute("DROP TABLE IF EXISTS words")
            index.execute(f"PRAGMA user_version = {_FORM}")
            index.execute("COMMIT")
        index.execute(_MARK)
        index.execute(_WORDS)
        return index


def _texts(payload: str) -> Iterator[str]:
    try:
        told = json.loads(payload)
    except ValueError:
        return
    if not isinstance(told, dict):
        return
    kept = {name: told.get(name) for name in ("answer", "feedback", "error")}
    yield from _inside([kept, told.get("extra")])
    for turn in told.get("turns") or []:
        if isinstance(turn, dict):
            yield from _inside([turn.get(n) for n in ("messages", "answer", "action")])
            yield from _inside(turn.get("observation"))


def _inside(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item[:20_000]
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item[:200]
