"""Our own tasks: generators, setups, the environment, and that they can be done."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.env import DesktopEnv, Rules
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.pool import DesktopPool
from tracegraph.envs.desktop.protocol import ExecResult
from tracegraph.envs.desktop.tasks import TaskError, parse_task, run_steps, unsupported
from tracegraph.envs.desktop.tasks.lint import lint_tasks
from tracegraph.envs.desktop.tasks.own import FAMILIES, HELD_OUT, make_task, suite
from tracegraph.envs.desktop.tasks.schema import Step
from tracegraph.envs.protocol import EnvError


@settings(max_examples=60)
@given(st.sampled_from(sorted(FAMILIES)), st.integers(0, 10_000))
def test_a_seed_always_gives_the_same_sound_task(family: str, seed: int) -> None:
    task = make_task(family, seed)
    written = task.model_dump(exclude={"evaluator", "config", "x_tracegraph"})
    again = make_task(family, seed).model_dump(exclude={"evaluator", "config", "x_tracegraph"})
    assert written == again
    assert unsupported(task) == []
    assert parse_task(json.loads(task.model_dump_json())) == task
    assert task.x_tracegraph.oracle


def test_there_are_enough_and_seeds_differ() -> None:
    tasks = suite((0,))
    assert len(tasks) >= 40
    assert {task.x_tracegraph.level for task in tasks} == {"easy", "medium", "long"}
    assert 3 <= sum(task.infeasible for task in tasks) <= len(tasks) / 8
    held_out = suite((HELD_OUT,))
    same = sum(a.instruction == b.instruction for a, b in zip(tasks, held_out, strict=True))
    assert same <= 4


def task_with(**more: object) -> object:
    """Return a task that asks for nothing."""
    return parse_task({"id": "t", "instruction": "do", "evaluator": {"func": "infeasible"}} | more)


async def test_steps_run_inside_and_say_when_they_fail() -> None:
    desktop = FakeDesktop(programs=lambda argv: ExecResult(3, "", "no such thing"))
    await desktop.start()
    source = "import pyautogui; pyautogui.hotkey('ctrl', 's'); pyautogui.click(9, 8)"
    steps = [
        Step(type="download", parameters={"files": [{"path": "/x", "url": "data:,hi"}]}),
        Step(type="execute", parameters={"command": ["python", "-c", source]}),
    ]
    await run_steps(steps, desktop, size=(64, 48))
    assert desktop.files["/x"] == b"hi"
    assert desktop.actions == [a.Keys(("ctrl", "s")), a.Click(9, 8)]
    failing = [Step(type="execute", parameters={"command": ["false"]})]
    with pytest.raises(EnvError, match="no such thing"):
        await run_steps(failing, desktop, size=(64, 48))
    await run_steps(failing, desktop, size=(64, 48), lenient=True)


async def test_the_limit_ends_an_episode_and_is_no_fail() -> None:
    for published, value in ((False, 0.0), (True, 1.0)):
        desktop = FakeDesktop()
        await desktop.start()
        env = DesktopEnv(desktop, Rules(steps=2, published=published))
        await env.reset(task_with())  # type: ignore[arg-type]
        assert not (await env.step(a.Wait(0))).done
        ended = await env.step(a.Wait(0))
        assert ended.done
        assert ended.info["limit"] == 2
        assert (await env.evaluate()).value == value


async def test_an_unsupported_task_is_never_begun() -> None:
    desktop = FakeDesktop()
    await desktop.start()
    with pytest.raises(TaskError, match="googledrive"):
        await DesktopEnv(desktop).reset(
            task_with(config=[{"type": "googledrive"}])  # type: ignore[arg-type]
        )


async def test_a_desktop_that_breaks_is_a_fault_of_the_environment() -> None:
    desktop = FakeDesktop(fails_after=0)
    await desktop.start()
    env = DesktopEnv(desktop)
    await env.reset(task_with())  # type: ignore[arg-type]
    with pytest.raises(EnvError):
        await env.step(a.Wait(0))


@pytest.mark.slow
async def test_nothing_scores_nothing_and_the_oracle_scores() -> None:
    tasks = [
        make_task(family, HELD_OUT + 7)
        for family in ("editor/append_line", "folders/rename", "terminal/add_up",
                       "office/total", "browser/order_form", "infeasible/missing_file")
    ]  # fmt: skip
    async with DesktopPool(LocalXvfb, 2) as pool:
        findings = await lint_tasks(tasks, pool.lease, concurrency=2, times=1)
    assert [finding.problem for finding in findings] == [""] * len(tasks)
