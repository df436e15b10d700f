from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tracegraph.runs import (
    Call,
    Store,
    StoreClosedError,
    StoreError,
    add_call,
    add_event,
    default_path,
    list_calls,
    list_events,
)
from tracegraph.runs.migrations import MIGRATIONS, migrate


def call(number: int = 0) -> Call:
    return Call(model="local", status="ok", request_hash=f"hash{number}", payload={"n": number})


def test_a_write_can_be_read_once_waited_for(store: Store) -> None:
    add_call(store, call(1)).result()
    (found,) = list_calls(store)
    assert found.payload == {"n": 1}
    assert found.cached is False


async def test_a_write_can_be_awaited(store: Store) -> None:
    await asyncio.gather(*(add_call(store, call(n)) for n in range(50)))
    assert len(list_calls(store)) == 50
    rows = await store.afetch("SELECT count(*) AS n FROM calls")
    assert rows[0]["n"] == 50


async def test_a_cancelled_wait_does_not_take_the_write_back(store: Store) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> int:
        started.set()
        release.wait(5)
        return connection.execute("INSERT INTO events (kind, created) VALUES ('slow', 0)").rowcount

    async def wait() -> int:
        return await store.write(slow)

    task = asyncio.create_task(wait())
    await asyncio.to_thread(started.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    await asyncio.to_thread(store.flush)
    assert [e.kind for e in list_events(store)] == ["slow"]


def test_one_bad_write_does_not_spoil_its_neighbours(store: Store) -> None:
    first = add_call(store, call(1))
    again = Call(**{name: getattr(call(2), name) for name in Call.__slots__} | {"id": "same"})
    ok = add_call(store, again)
    bad = add_call(store, again)
    last = add_call(store, call(3))
    for pending in (first, ok, last):
        pending.result()
    with pytest.raises(StoreError, match="UNIQUE"):
        bad.result()
    assert len(list_calls(store)) == 3


def test_an_exception_in_an_operation_undoes_only_it(store: Store) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO events (kind, created) VALUES ('half', 0)")
        raise KeyError("no")

    with pytest.raises(KeyError):
        store.write(broken).result()
    assert list_events(store) == []


def test_many_threads_write_at_once(store: Store) -> None:
    def work(base: int) -> None:
        for n in range(25):
            add_call(store, call(base + n)).result()

    threads = [threading.Thread(target=work, args=(100 * t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({c.request_hash for c in list_calls(store)}) == 200


_TICKS = """
import sys
from tracegraph.runs import Store, add_event
with Store(sys.argv[1]) as store:
    for n in range(40):
        add_event(store, "tick", {"process": int(sys.argv[2]), "n": n}).result()
"""


def test_processes_share_the_file_and_a_tail_reader_misses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    workers = [
        subprocess.Popen([sys.executable, "-c", _TICKS, str(path), str(n)]) for n in range(3)
    ]
    seen, last = [], 0
    with Store(path) as store:
        while len(seen) < 120 and any(worker.poll() is None for worker in workers):
            for event in list_events(store, after=last):
                assert event.id > last
                last = event.id
                seen.append((event.payload["process"], event.payload["n"]))
        assert [worker.wait() for worker in workers] == [0, 0, 0]
        seen += [(e.payload["process"], e.payload["n"]) for e in list_events(store, after=last)]
    assert sorted(seen) == [(p, n) for p in range(3) for n in range(40)]


_WRITER = """
import sys
from tracegraph.runs import Store, add_event
store = Store(sys.argv[1])
n = 0
while True:
    add_event(store, "tick", n).result()
    print(n, flush=True)
    n += 1
"""


@pytest.mark.parametrize("moment", [0.15, 0.3])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, moment: float) -> None:
    path = tmp_path / "runs.db"
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    first = process.stdout.readline()
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    acknowledged = [int(line) for line in [first, *process.stdout] if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    with Store(path) as store:
        written = [event.payload for event in list_events(store, limit=100_000)]
        assert store.fetch("PRAGMA integrity_check")[0][0] == "ok"
    assert written[: len(acknowledged)] == acknowledged
    assert len(written) - len(acknowledged) in (0, 1)  # at most the write in flight


def test_a_forked_child_writes_through_its_own_connection(store: Store) -> None:
    add_event(store, "parent").result()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            add_event(store, "child").result(10)
            code = 0 if len(list_events(store)) == 2 else 2
            store.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    add_event(store, "parent").result()
    assert [e.kind for e in list_events(store)] == ["parent", "child", "parent"]


def test_writes_that_nobody_waits_for_arrive_before_the_program_ends(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = (
        "import sys; from tracegraph.runs import *; s = Store(sys.argv[1]);"
        "[add_event(s, 'tick') for _ in range(300)]"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    with Store(path) as store:
        assert len(list_events(store)) == 300


def test_a_dropped_store_ends_its_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    opened = Store(tmp_path / "runs.db")
    add_event(opened, "x").result()
    assert threading.active_count() == before + 1
    del opened
    gc.collect()
    assert threading.active_count() == before


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    opened = Store(tmp_path / "runs.db")
    opened.close()
    opened.close()
    with pytest.raises(StoreClosedError):
        add_event(opened, "x")
    with pytest.raises(StoreClosedError):
        list_events(opened)


def test_a_store_can_be_sent_to_another_process(store: Store) -> None:
    add_event(store, "x").result()
    with pickle.loads(pickle.dumps(store)) as other:
        assert len(list_events(other)) == 1


def test_the_default_path_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRACEGRAPH_STORE", raising=False)
    assert default_path() == Path(".tracegraph/runs.db")
    monkeypatch.setenv("TRACEGRAPH_STORE", str(tmp_path / "x.db"))
    with Store() as opened:
        assert opened.path == tmp_path / "x.db"


def test_a_file_that_is_no_store_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database; " * 50)
    with pytest.raises(StoreError, match=r"notes\.txt"):
        Store(path)
    assert path.read_text().startswith("these are notes")


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match="upgrade tracegraph"):
        Store(path)


def test_migrations_run_in_order_and_once(tmp_path: Path) -> None:
    steps = ("CREATE TABLE a (x) STRICT;".replace(" STRICT", ""), "ALTER TABLE a ADD COLUMN y;")
    path = tmp_path / "m.db"
    connection = sqlite3.connect(path, isolation_level=None)
    assert migrate(connection, steps[:1]) == 1
    connection.execute("INSERT INTO a VALUES (7)")
    assert migrate(connection, steps) == 2
    assert migrate(connection, steps) == 2
    assert connection.execute("SELECT x, y FROM a").fetchall() == [(7, None)]
    connection.close()


def test_a_broken_migration_leaves_the_schema_before_it(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "m.db", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, ("CREATE TABLE a (x);\nCREATE TABLE a (x);",))
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()


def _open(path: Path, barrier: threading.Barrier, errors: list[BaseException]) -> None:
    barrier.wait()
    try:
        Store(path).close()
    except BaseException as error:
        errors.append(error)


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    for round_ in range(5):
        barrier, errors = threading.Barrier(6), list[BaseException]()
        threads = [
            threading.Thread(target=_open, args=(tmp_path / f"{round_}.db", barrier, errors))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
