"""A store with a finished run whose model was hostile, a server that shows it, a real browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.training.finished_run import HOSTILE, finish
from tracegraph.runs import Run, Store, add_event, finish_run, save_state, start_run

TOKEN = "the-token"
CHROMIUM = "/usr/bin/chromium"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with one finished search and one failed run, both with hostile texts."""
    folder = tmp_path_factory.mktemp("viewer")
    with Store(folder / "runs.db") as store:
        finish(folder, store)
        failed = Run(f"eval {HOSTILE}", HOSTILE, config={f"{HOSTILE}": "javascript:alert(1)"})
        start_run(store, failed).result()
        add_event(store, f"odd {HOSTILE}", {HOSTILE: HOSTILE}, run=failed.id).result()
        finish_run(store, failed.id, "failed", {"error": HOSTILE}).result()
    return folder / "runs.db"


@pytest.fixture
def store_path(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the store, to write to."""
    return Path(shutil.copy(made, tmp_path / "runs.db"))


@contextmanager
def served(path: Path, graph: Path | None = None) -> Iterator[str]:
    """Serve a store on a free port, and return the address."""
    import uvicorn

    from tracegraph.viewer import make_app

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(path, TOKEN, graph=graph), log_level="warning", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(scope="module")
def browser(made: Path) -> Iterator[Any]:
    """Return Debian's Chromium, for one file: beside it no other event loop can run.

    It comes after the store, whose making needs a loop of its own.
    """
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not os.access(CHROMIUM, os.X_OK):
        pytest.skip(f"there is no browser {CHROMIUM}: apt-get install chromium")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, store_path: Path) -> Iterator[Any]:
    """Return a page at the list of runs; scripts that ran, errors and dialogs fail the test."""
    wrong: list[str] = []
    with served(store_path) as address:
        context = browser.new_context(base_url=address)
        opened = context.new_page()
        opened.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        opened.goto(f"/?token={TOKEN}")
        opened.wait_for_url("**/runs")
        yield opened
        context.close()
    assert wrong == []


@pytest.fixture
def waiting(store_path: Path) -> str:
    """Return the id of a run of this process in which a candidate waits for a person."""
    with Store(store_path) as store:
        (run,) = store.fetch("SELECT id FROM runs WHERE kind = 'optimize'")
        me = Run("x").owner
        store.execute(
            "UPDATE runs SET status = 'running', finished = NULL, owner = ? WHERE id = ?",
            [me, run[0]],
        ).result()
        (rejected,) = store.fetch(
            "SELECT candidate, payload FROM decisions WHERE run = ? LIMIT 1", [run[0]]
        )
        evidence = json.loads(rejected[1])
        name = rejected[0].rpartition(":")[2]
        pending = {"candidate": name, "evidence": {**evidence, "reason": ""}}
        save_state(store, run[0], "pending", pending).result()
        return str(run[0])
