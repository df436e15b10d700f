"""An evaluation that is killed goes on where it was: the real command, a server for its model."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tracegraph.agents.datarus import tags
from tracegraph.runs import Store, list_episodes, list_runs

pytestmark = pytest.mark.slow

_QUESTIONS = 6
_ANSWERED = 3  # before the kill
_COMMAND = [
    str(Path(sys.executable).with_name("tracegraph")), "eval", "dabench", "--data", ".",
    "--mode", "agentic", "--model", "openai/fake-analyst", "--concurrency", "2",
    "--store", "runs.db", "--fresh",
]  # fmt: skip


class FakeAnalysts(ThreadingHTTPServer):
    """Writes a cell, then the answer; while it holds, only the first questions get one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Reply)
        self.asked: Counter[tuple[int, str]] = Counter()
        self.held, self.released = threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def reply(self, messages: list[dict[str, Any]]) -> str:
        said = json.dumps(messages)
        number = int(re.findall(r"Question number (\d)", said)[0])
        stage = "answer" if "<observation>" in said.partition("Question number")[2] else "cell"
        with self.lock:
            self.asked[number, stage] += 1
        if number >= _ANSWERED:
            self.held.set()
            self.released.wait(120)
        if stage == "cell":
            return tags.step("Look.", "print(df.x.mean())")
        return tags.final("Seen.", "@m[3.0]")


class _Reply(BaseHTTPRequestHandler):
    server: FakeAnalysts

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message = {"role": "assistant", "content": self.server.reply(body["messages"])}
        data = json.dumps({
            "id": "x", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }).encode()  # fmt: skip
        try:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except ConnectionError:
            pass  # who asked was killed

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def analysts() -> Iterator[FakeAnalysts]:
    """Return a server that answers on a port of its own."""
    with FakeAnalysts() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with questions of DABench about one table."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.csv").write_text("x\n1\n2\n6\n")
    rows = [
        {"id": n, "question": f"Question number {n}: the mean?", "format": "@m[v]",
         "file_name": "t.csv"}
        for n in range(_QUESTIONS)
    ]  # fmt: skip
    labels = [{"id": n, "common_answers": [["m", "3.0"]]} for n in range(_QUESTIONS)]
    for name, lines in (("questions", rows), ("labels", labels)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return tmp_path


def test_finished_questions_are_asked_once_over_a_kill(
    folder: Path, analysts: FakeAnalysts
) -> None:
    address = f"http://127.0.0.1:{analysts.server_port}/v1"
    environment = os.environ | {"OPENAI_API_KEY": "sk-test", "OPENAI_API_BASE": address}
    environment |= {"OPENAI_BASE_URL": address}
    with subprocess.Popen(
        _COMMAND, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        told = [line for _, line in zip(range(_ANSWERED), first.stdout, strict=False)]
        assert analysts.held.wait(60)
        first.send_signal(signal.SIGKILL)
    assert first.returncode == -signal.SIGKILL
    assert all("success 1.00" in line for line in told), told
    with Store(folder / "runs.db") as store:
        (run,) = list_runs(store)
        finished = {int(episode.task) for episode in list_episodes(store, run.id)}
    assert finished == set(range(_ANSWERED))  # what was told as finished is on the disk

    analysts.released.set()
    second = subprocess.run(
        [*_COMMAND, "--json", "--resume", run.id],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert second.returncode == 0, second.stderr
    results = json.loads(second.stdout.splitlines()[-1])
    assert (results["questions"], results["by_question"]) == (_QUESTIONS, 1.0)
    for number in range(_QUESTIONS):
        asked = analysts.asked[number, "cell"], analysts.asked[number, "answer"]
        # Those that were being asked when the process was killed are begun again.
        assert asked == (1, 1) if number in finished else asked in ((1, 1), (2, 1)), number
    assert analysts.asked.total() > 2 * _QUESTIONS  # so the kill did come in the middle
    with Store(folder / "runs.db") as store:
        assert [each.status for each in list_runs(store)] == ["finished"]
        assert len(list_episodes(store, run.id)) == _QUESTIONS
