"""How long pages of the viewer take with long runs: a store is made, each page is asked for.

python -m benchmarks.viewer --events 100000 --episodes 20000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from starlette.testclient import TestClient

import tracegraph as tg
from tracegraph.graph.subgraph import Subgraph
from tracegraph.runs import Run, Store, StoredEpisode, new_id, start_run
from tracegraph.runs.table import insert
from tracegraph.viewer import make_app
from tracegraph.viewer.episodes.words import Words

_KINDS = ("tried", "proposal", "trouble", "testing", "step", "unanswered")


def _payload(kind: str, number: int, names: list[str]) -> dict[str, object]:
    name, spent = (
        names[number % len(names)],
        {"tokens": number * 40, "dollars": 0, "seconds": number},
    )
    told: dict[str, dict[str, object]] = {
        "tried": {"candidate": name, "parent": names[0], "optimizer": "optoprime", "score": 0.5,
                  "examples": 64, "what": "scored", "changes": ["prompt"]},
        "proposal": {"place": f"{number}/0", "values": {"prompt": "Say yes or no. " * 12},
                     "optimizer": "optoprime", "reasoning": "it is clearer " * 10, "refused": {},
                     "malformed": 0, "tokens": 900, "parents": []},
        "trouble": {"example": f"e{number}", "what": "error", "why": "the server was away"},
        "testing": {"candidate": name, "place": str(number)},
        "step": {"number": number // 6 + 1, "candidate": name, "score": 0.5, "focus": ["prompt"],
                 "blame": []},
        "unanswered": {"place": str(number), "why": "timeout"},
    }  # fmt: skip
    return {**told[kind], "spent": spent}


@tg.bundle
def answer(question: str, prompt: str) -> str:
    """Answer a question."""
    return prompt + question


def _graph() -> str:
    prompt = tg.node("Say yes or no. " * 12, name="prompt", trainable=True)
    out = answer(answer("Is it so? " * 20, prompt), prompt)
    graph = Subgraph.of([out]).to_json()
    return json.dumps({"feedback": "no, it is not", "output": "yes", "graph": graph})


def make_store(path: Path, events: int) -> str:
    """Write 200 short runs and a long one: events, half as many calls, 300 candidates on 64."""
    random.seed(0)
    with Store(path) as store:
        for _ in range(200):
            start_run(store, Run("eval sample", status="finished", finished=time.time()))
        run = Run("optimize", "long", config={"settings": {"steps": 9999}})
        start_run(store, run).result()
    names, graph = [f"{i:08x}" for i in range(300)], _graph()
    database = sqlite3.connect(path)
    now = time.time()
    database.executemany(
        "INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?)",
        [(f"{run.id}:{n}", run.id, f"{run.id}:{names[(i - 1) // 3]}" if i else None, "new", now + i,
          json.dumps({"name": n, "step": i, "values": {"prompt": f"Answer {n}. " * 40},
                      "optimizer": "optoprime", "reasoning": "shorter " * 20}))
         for i, n in enumerate(names)],
    )  # fmt: skip
    database.executemany(
        "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, 'train', 'success', ?, ?, ?)",
        [(new_id(), run.id, f"{n}/0/e{e}", f"{run.id}:{n}", f"e{e}", random.random(), now,
          graph) for n in names for e in range(64)],
    )  # fmt: skip
    first = ("started", {"parameters": {"prompt": "text"}, "workflow": "long", "probe": 64,
                         "fresh": 100, "test": 100})  # fmt: skip
    rows = [first, ("baseline", {"candidate": names[0], "score": 0.4})]
    rows += [(k, _payload(k, i, names)) for i in range(events) for k in [_KINDS[i % len(_KINDS)]]]
    database.executemany(
        "INSERT INTO events (run, kind, created, payload) VALUES (?, ?, ?, ?)",
        [(run.id, kind, now + i, json.dumps(told)) for i, (kind, told) in enumerate(rows)],
    )
    database.executemany(
        "INSERT INTO calls VALUES (?, ?, NULL, 'local', 'chat', 'ok', NULL, 'h', 0, 300, 40, "
        "0.0001, 0.4, 1, ?, ?)",
        [(new_id(), run.id, now, json.dumps({"text": "y" * 500})) for _ in range(events // 2)],
    )
    database.commit()
    database.close()
    return run.id


def add_episodes(path: Path, count: int) -> None:
    """Write episodes of four turns, of words drawn from 3,000, and read them into the index."""
    draw = random.Random(0)
    words = [f"word{i}" for i in range(3000)]

    def turn() -> dict[str, object]:
        asked, said = (" ".join(draw.choices(words, k=k)) for k in (150, 60))
        return {"messages": [{"role": "user", "content": asked}], "answer": said,
                "prompt_tokens": 400, "completion_tokens": 40}  # fmt: skip

    def write(database: sqlite3.Connection) -> None:
        for i in range(count):
            insert(database, "episodes", StoredEpisode(
                f"run{i % 7}", str(i), draw.choice(["gui", "datarus"]), "desktop",
                draw.choice(["success", "failure", "budget"]), task=f"t{i % 500}",
                reward=draw.random(), payload={"turns": [turn() for _ in range(4)]},
            ))  # fmt: skip

    with Store(path) as store:
        store.write(write).result()
        start, found = time.perf_counter(), Words(store)
        while found.find("")[1] < count:
            time.sleep(0.05)
        print(f"{count:,} episodes read into the index in {time.perf_counter() - start:.1f} s")


def main() -> None:
    """Print milliseconds a page, from request to the last byte, and of the processor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--episodes", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        run = make_store(path, asked.events)
        add_episodes(path, asked.episodes)
        both = f"/compare?run={run}&run={run}"
        pages = ["/runs", "/runs?q=sample&page=3", f"/runs/{run}", f"/runs/{run}/candidates",
                 f"/runs/{run}/candidates/0000002a", f"/runs/{run}/log",
                 f"/runs/{run}/log?before={asked.events // 2}", f"/runs/{run}/log?kind=trouble",
                 f"/runs/{run}/log?q=nothing+has+this", both, f"/graphs/?run={run}", "/graphs/",
                 "/episodes/", "/episodes/?agent=gui&least=0.5&order=reward+up&page=9",
                 "/episodes/?q=word12+word7", "/episodes/?q=w", "/episodes/?q=word1",
    ]  # fmt: skip
        print(f"{asked.events:,} events, {path.stat().st_size / 1e6:.0f} MB; "
              f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
        for page in pages:
            # A new application for each: nothing that another page has read is known.
            with TestClient(make_app(path, None), base_url="http://127.0.0.1") as client:
                client.get("/static/main.js")  # so that the server has started
                took, used = [], []
                for _ in range(asked.repeats):
                    start, before = time.perf_counter(), time.process_time()
                    reply = client.get(page)
                    took.append(1000 * (time.perf_counter() - start))
                    used.append(1000 * (time.process_time() - before))
                    assert reply.status_code == 200, reply.text
            print(f"first {took[0]:5.0f} ms (processor {used[0]:4.0f})   "
                  f"median {statistics.median(took):5.0f} ms ({statistics.median(used):4.0f})  "
                  f"{len(reply.content) / 1000:5.0f} kB  {page.replace(run, 'RUN')}")  # fmt: skip


if __name__ == "__main__":
    main()
