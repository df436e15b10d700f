"""How long a large recorded graph takes in a real browser: opening, zooming, dragging, searching.

python -m benchmarks.viewer_graph --nodes 5000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Page, sync_playwright

import tracegraph as tg
from tracegraph.graph.subgraph import Subgraph
from tracegraph.runs import Evaluation, Run, Store, add_evaluation, start_run
from tracegraph.viewer import make_app

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update"]  # fmt: skip
_SEEN = 'performance.getEntriesByName("first-contentful-paint")[0].startTime'
# A movement a frame; returns the milliseconds between frames.
_FRAMES = """async ([kind, frames]) => {
  const canvas = document.getElementById("graph"), box = canvas.getBoundingClientRect();
  const x = box.left + box.width / 2, y = box.top + box.height / 2, took = [];
  const send = (name, at, more = {}) => canvas.dispatchEvent(new (name === "wheel" ? WheelEvent
    : PointerEvent)(name, { clientX: x + at, clientY: y + at / 2, pointerId: 1, ...more }));
  const next = () => new Promise(requestAnimationFrame);
  canvas.setPointerCapture = () => {};
  if (kind === "drag") send("pointerdown", 0);
  await next();
  let last = performance.now();
  for (let i = 0; i < frames; i++) {
    const wave = Math.sin(i / 6);
    if (kind === "zoom") send("wheel", 0, { deltaY: wave > 0 ? -60 : 60 });
    else send("pointermove", 200 * wave);
    await next();
    const now = performance.now();
    took.push(now - last);
    last = now;
  }
  if (kind === "drag") send("pointerup", 0);
  return took;
}"""


@tg.bundle
def answer(question: str, rule: str, earlier: str) -> str:
    """Answer a question by a rule."""
    return f"{rule}: {question} after {earlier}"[:200]


@tg.bundle
def judge(said: str, rule: str) -> str:
    """Say how good an answer is."""
    return f"good: {said}"[:120]


@tg.bundle
def merge(one: str, other: str) -> str:
    """Put two texts together."""
    return (one + other)[:150]


def make_graph(nodes: int) -> Subgraph:
    """Return a graph of about so many nodes: chains that meet, and six parameters of all."""
    draw = random.Random(0)
    rules = [tg.node(f"rule {i} " * 10, name=f"rule{i}", trainable=True) for i in range(6)]
    done: list[Any] = [tg.node("the beginning", name="start")]
    for i in range(nodes // 4):
        earlier = done[-1 - draw.randrange(min(len(done), 12))]
        question = tg.node(f"question {i} " * 8, name="question")
        said = answer(question, draw.choice(rules[:3]), earlier)
        done.append(merge(judge(said, draw.choice(rules[3:])), done[-1]))
    return Subgraph.of(done[-1:])


@contextmanager
def served(path: Path) -> Iterator[str]:
    """Serve a store from a thread."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(path, None), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def measure(page: Page, address: str) -> None:
    """Print milliseconds of opening, moving and searching."""
    for name in ("opened the first time", "opened again"):
        start, used = time.perf_counter(), time.process_time()
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        page.evaluate("() => new Promise(requestAnimationFrame)")
        took, used = time.perf_counter() - start, time.process_time() - used
        print(
            f"{name}: something is seen after {page.evaluate(_SEEN):.0f} ms, the graph after "
            f"{1000 * took:.0f} ms ({1000 * used:.0f} ms of the processor in the server)"
        )
    for where in ("near by", "all in sight"):
        if where == "all in sight":
            page.locator("#fit").click()
        for kind in ("zoom", "drag"):
            took = sorted(page.evaluate(_FRAMES, [kind, 60]))
            print(f"{kind}, {where}: frame {statistics.median(took):.0f} ms, "
                  f"slowest of 20 {took[-len(took) // 20]:.0f} ms")  # fmt: skip
    for text in ("question 12", "rule"):
        start = time.perf_counter()
        page.locator("#search").fill(text)
        page.locator("#hits", has_text=" of ").wait_for()
        print(f"search {text!r}: {1000 * (time.perf_counter() - start):.0f} ms, "
              f"{page.locator('#hits').inner_text()}")  # fmt: skip
        page.locator("#search").fill("")
        page.locator("#hits", has_text=" of ").wait_for(state="hidden")


def main() -> None:
    """Make a graph, store it, and look at it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--picture", type=Path, help="Write a picture of the page.")
    asked = parser.parse_args()
    graph = make_graph(asked.nodes)
    print(f"{len(graph.nodes()):,} nodes, {len(graph.edges()):,} edges; load {os.getloadavg()[0]}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "runs.db"
        with Store(path) as store:
            run = Run("optimize", "large")
            start_run(store, run).result()
            document = json.loads(json.dumps(graph.to_json()))
            add_evaluation(
                store, Evaluation(run.id, "k", "ok", payload={"graph": document}, id="large")
            ).result()
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        with served(path) as address:
            measure(page, f"{address}/graphs/large")
            if asked.picture:
                page.screenshot(path=asked.picture)
        browser.close()


if __name__ == "__main__":
    main()
