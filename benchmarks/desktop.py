"""Desktops' speed: start, capture, click, type, tree, reset, many at once, exact typing.

    python -m benchmarks.desktop [--texts 2000] [--desktops 16] [--steps 10]

Wall-clock time in ms, medians, in the sandbox, 1280 x 720, with a text editor unless it says so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import time
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

from tracegraph.envs.desktop.actions import Click, Keys, Type
from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.pool import DesktopPool

PATH = "/home/user/t.txt"
RANGES = [(0x20, 0x7F), (0xA0, 0x250), (0x370, 0x530), (0x4E00, 0x9FFF), (0x1F300, 0x1F650),
          (0x20, 0x30000)]  # fmt: skip


async def took(call: Callable[[], Awaitable[Any]], times: int = 1) -> float:
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        await call()
        found.append((time.perf_counter() - begin) * 1000)
    return statistics.median(found)


async def window(desktop: LocalXvfb, argv: list[str], title: str) -> None:
    await desktop.exec(argv, background=True)
    deadline = time.monotonic() + 60
    while not any(title in one.title for one in await desktop.windows()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no window of {argv}")
        await asyncio.sleep(0.02)


async def editor(desktop: LocalXvfb) -> None:
    await desktop.put(PATH, b"")
    await window(desktop, ["mousepad", PATH], "t.txt")
    await desktop.settle()


def show(name: str, value: float, unit: str = "ms") -> None:
    print(f"| {name} | {value:.1f} {unit} |", flush=True)


async def one(steps: int) -> None:
    async with LocalXvfb() as desktop:
        show("reset, to usable", await took(desktop.reset, 5))
        show("frame, nothing changed", await took(desktop.observe, 10))
        show("mousepad, to its window", await took(lambda: editor(desktop)))
        number = iter(range(10_000))
        show(
            "click, to a still screen",
            await took(lambda: desktop.act(Click(400 + 30 * next(number), 300)), steps),
        )
        show("key, to a still screen", await took(lambda: desktop.act(Keys(("right",))), steps))
        show(
            "30 letters, to a still screen", await took(lambda: desktop.act(Type("x" * 30)), steps)
        )

        async def changed() -> None:
            await desktop.act(Type("y"))
            begin = time.perf_counter()
            await desktop.observe()
            frames.append((time.perf_counter() - begin) * 1000)

        frames: list[float] = []
        await took(changed, steps)
        show("frame, something changed", statistics.median(frames))
        show("first tree of mousepad", await took(lambda: desktop.observe(tree=True)))
        show("tree of mousepad", await took(lambda: desktop.observe(tree=True), 5))
        await desktop.reset()
        argv = ["soffice", "--norestore", "--nologo", "--calc"]
        show("LibreOffice Calc, to its window", await took(lambda: window(desktop, argv, "Calc")))
        await desktop.settle(10)
        await desktop.observe(tree=True)
        show("tree of an empty sheet", await took(lambda: desktop.observe(tree=True), 3))


async def starting() -> None:
    made: list[LocalXvfb] = []

    async def begin() -> None:
        made.append(LocalXvfb())
        await made[-1].start()

    show("start, to usable", await took(begin, 5))
    show("close", statistics.mean([await took(one.close) for one in made]))
    async with DesktopPool(LocalXvfb, 1) as pool:
        await asyncio.sleep(3)
        lease = pool.lease()
        show("lease of a warm spare", await took(lease.__aenter__))
        await lease.__aexit__(None, None, None)


async def together(count: int, steps: int) -> None:
    desktops = [LocalXvfb() for _ in range(count)]

    async def begin(desktop: LocalXvfb) -> None:
        await desktop.start()
        await editor(desktop)

    async def act(desktop: LocalXvfb) -> None:
        for number in range(steps):
            await desktop.act(Click(400 + 30 * (number % 8), 400))
            await desktop.act(Type("é<x"))
            await desktop.observe()
        await desktop.act(Keys(("ctrl", "s")))
        if await desktop.get(PATH) != ("é<x" * steps).encode():
            raise AssertionError("what was typed is not what is there")

    try:
        begun = time.perf_counter()
        await asyncio.gather(*map(begin, desktops))
        show(f"{count} desktops with mousepad, all up", time.perf_counter() - begun, "s")
        begun = time.perf_counter()
        await asyncio.gather(*map(act, desktops))
        spent = time.perf_counter() - begun
        show(f"click + type + frame on {count} at once", count * steps / spent, "a second in all")
    finally:
        await asyncio.gather(*(one.close() for one in desktops))


async def typing(count: int) -> None:
    rng = random.Random(0)

    def text() -> str:
        low, high = rng.choice(RANGES)
        made = ""
        while len(made) < rng.randint(1, 20):
            one = chr(rng.randrange(low, high))
            if unicodedata.category(one)[0] in "LMNPS":
                made += one
        return made

    texts = [text() for _ in range(count)]
    async with LocalXvfb() as desktop:
        await editor(desktop)
        begun = time.perf_counter()
        # Ten at a time: an action waits for the screen, typing itself does not.
        for at in range(0, count, 10):
            await desktop.act(Type("".join("\n" + one for one in texts[at : at + 10])))
        spent = time.perf_counter() - begun
        await desktop.act(Keys(("ctrl", "s")))
        got = (await desktop.get(PATH)).decode().split("\n")[1:]
    wrong = sum(a != b for a, b in zip(texts, got, strict=False)) + abs(len(got) - count)
    show(f"{count} random texts in mousepad", spent, "s")
    show("of them wrong", wrong, f"of {count}")


async def run(options: argparse.Namespace) -> None:
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start\n\n| what | time |\n|---|---|")
    await starting()
    await one(options.steps)
    await together(options.desktops, options.steps)
    await typing(options.texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--desktops", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
