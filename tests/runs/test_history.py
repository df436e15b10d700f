"""Any sequence of writes, reopenings and aborted operations leaves what a plain dict holds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tracegraph import runs

names = st.sampled_from(["a", "b", "c"])
payloads = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=3)


class History(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = runs.Store(self.folder / "runs.db")
        self.events: list[Any] = []
        self.state: dict[str, Any] = {}
        self.scores: dict[str, float | None] = {}

    @rule(payload=payloads)
    def event(self, payload: Any) -> None:
        runs.add_event(self.store, "tick", payload, run="r").result()
        self.events.append(payload)

    @rule(several=st.lists(payloads, max_size=5))
    def events_together(self, several: list[Any]) -> None:
        pending = [runs.add_event(self.store, "tick", payload, run="r") for payload in several]
        assert [one.result() for one in pending] == sorted(one.result() for one in pending)
        self.events += several

    @rule(name=names, payload=payloads)
    def save(self, name: str, payload: Any) -> None:
        runs.save_state(self.store, "r", name, payload).result()
        self.state[name] = payload

    @rule(key=names, score=st.none() | st.floats(0, 1))
    def evaluate(self, key: str, score: float | None) -> None:
        evaluation = runs.Evaluation("r", key, "success", score=score)
        new = runs.add_evaluation(self.store, evaluation).result()
        assert new is (key not in self.scores)
        self.scores.setdefault(key, score)

    @rule()
    def break_off(self) -> None:
        def operation(connection: Any) -> None:
            connection.execute("DELETE FROM events")
            raise ValueError

        try:
            self.store.write(operation).result()
        except ValueError:
            pass
        else:
            raise AssertionError("the operation's error is lost")

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = runs.Store(self.folder / "runs.db")

    @invariant()
    def agrees(self) -> None:
        assert [e.payload for e in runs.list_events(self.store, run="r")] == self.events
        for name in ("a", "b", "c"):
            assert runs.load_state(self.store, "r", name) == self.state.get(name)
        assert {e.key: e.score for e in runs.list_evaluations(self.store, "r")} == self.scores

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
