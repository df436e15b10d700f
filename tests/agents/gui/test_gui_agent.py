"""Episodes: how they end, what is recorded, people beside, desktops that break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import tracegraph as tg
from tracegraph.agents.episode import Turn
from tracegraph.agents.gui import Decision, GuiAgent, Habits, ScriptedBrain
from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.env import Rules
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.pool import DesktopPool
from tracegraph.envs.desktop.tasks import GuiTask, parse_task
from tracegraph.envs.desktop.tasks.own import make_task
from tracegraph.envs.protocol import EnvError
from tracegraph.models import LLM
from tracegraph.models.served import ServedTransport
from tracegraph.rollout import Work, rollout
from tracegraph.runs import Run, Store, start_run

INFEASIBLE = {"func": "infeasible"}


def task(evaluator: dict[str, Any] | None = None) -> GuiTask:
    """Return a task of no preparation."""
    return parse_task({"id": "t", "instruction": "do", "evaluator": evaluator})


def agent(script: Sequence[a.Action], desktop: FakeDesktop, **more: Any) -> GuiAgent:
    """Return an agent with a script at a desktop."""

    @asynccontextmanager
    async def lease() -> AsyncIterator[FakeDesktop]:
        await desktop.start()
        yield desktop

    return GuiAgent(ScriptedBrain(script), lease, **more)


@pytest.mark.parametrize(
    ("script", "outcome", "reward"),
    [([a.Fail("no")], "success", 1.0), ([a.Done()], "failure", 0.0),
     ([a.Wait(0)] * 20, "budget", 0.0)],
)  # fmt: skip
async def test_how_an_episode_ends(script: list[a.Action], outcome: str, reward: float) -> None:
    episode = await agent(script, FakeDesktop()).run(task(INFEASIBLE))
    assert (episode.outcome, episode.reward) == (outcome, reward)
    assert len(episode.turns) <= 15


async def test_a_wish_has_no_reward() -> None:
    episode = await agent([a.Done("42")], FakeDesktop()).run(task())
    assert (episode.outcome, episode.reward, episode.answer) == ("success", None, "42")


async def test_an_unreadable_end_costs_the_weight_of_the_format() -> None:
    class Mumbling(ScriptedBrain):
        async def decide(self, *_: Any, **__: Any) -> Decision:
            return Decision(problem="it cannot be read")

    @asynccontextmanager
    async def lease() -> AsyncIterator[FakeDesktop]:
        desktop = FakeDesktop()
        await desktop.start()
        yield desktop

    for weight in (0.5, 1.0):
        habits = Habits(unreadable=1, format_weight=weight)
        episode = await GuiAgent(Mumbling([]), lease, habits=habits).run(task(INFEASIBLE))
        assert (episode.outcome, episode.reward) == ("format_error", -weight)
        assert len(episode.turns) == 1


async def test_an_episode_with_token_ids_names_its_tokenizer() -> None:
    class Sampling(ScriptedBrain):
        async def decide(self, *_: Any, **__: Any) -> Decision:
            return Decision(actions=(a.Done(),), turn=Turn(token_ids=[1]))

    class Served(ServedTransport):
        async def fingerprints(self) -> tuple[str, str]:
            return "t" * 12, "c" * 12

    worker = agent([], FakeDesktop())
    worker.brain = Sampling([], llm=LLM("m", transport=Served(None)))  # type: ignore[arg-type]
    episode = await worker.run(task())
    assert (episode.tokenizer, episode.template) == ("t" * 12, "c" * 12)


async def test_a_person_is_asked_and_must_agree() -> None:
    asked: list[str] = []

    async def ask(question: str) -> str:
        asked.append(question)
        return "the blue one"

    async def approve(action: a.Action, why: str) -> bool:
        asked.append(why)
        return False

    desktop = FakeDesktop()
    script = [a.CallUser("Which?"), a.Type("rm -rf /\n"), a.Type("fine"), a.Done()]
    episode = await agent(script, desktop, ask=ask, approve=approve).run(task())
    assert asked == ["Which?", "it deletes files for good"]
    assert desktop.actions == [a.Type("fine"), a.Done()]
    assert "the blue one" in episode.extra["course"]["steps"][0]
    assert episode.notes == {"refused": 1}


async def test_asking_a_person_ends_the_published_protocol() -> None:
    told = agent([a.CallUser()], FakeDesktop(), rules=Rules(published=True))
    assert (await told.run(task(INFEASIBLE))).outcome == "success"


async def test_decisions_are_nodes_and_pictures_are_kept(tmp_path: Path) -> None:
    with tg.record() as run:
        told = agent([a.Wait(0)], FakeDesktop(), habits=Habits(frames=tmp_path / "f"))
        await told.run(task())
    assert [node.name for node in run.nodes] == ["course0"]
    assert [path.name for path in sorted((tmp_path / "f").iterdir())] == [
        "step-001.png", "step-002.png",
    ]  # fmt: skip


async def test_a_broken_desktop_is_no_failure_of_the_agent() -> None:
    with pytest.raises(EnvError):
        await agent([a.Wait(0)] * 5, FakeDesktop(fails_after=2)).run(task(INFEASIBLE))


async def test_broken_desktops_are_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    made: list[FakeDesktop] = []

    @asynccontextmanager
    async def lease() -> AsyncIterator[FakeDesktop]:
        desktop = FakeDesktop(fails_after=2 if len(made) % 3 == 0 else None)
        made.append(desktop)
        await desktop.start()
        yield desktop

    worker = GuiAgent(ScriptedBrain([a.Wait(0), a.Wait(0), a.Wait(0), a.Fail()]), lease)
    work = [Work(f"t#{n}", task(INFEASIBLE), n) for n in range(40)]
    with Store(tmp_path / "runs.db") as store:
        start_run(store, run := Run("test")).result()
        episodes = await rollout(
            work, lambda one: worker.run(one.task, seed=one.seed), store=store, run=run.id,
            concurrency=8, attempts=6,
        )  # fmt: skip
    assert [episode.outcome for episode in episodes] == ["success"] * 40
    assert len(made) > 40


@pytest.mark.slow
async def test_an_episode_on_a_real_desktop() -> None:
    wanted = make_task("editor/append_line", 3)
    line = wanted.instruction.split("'")[1]
    script = [a.Keys(("ctrl", "end")), a.Type(f"{line}\n"), a.Keys(("ctrl", "s")), a.Wait(0.5)]
    async with DesktopPool(LocalXvfb, 1, spares=0) as pool:
        episode = await GuiAgent(ScriptedBrain(script, tree=True), pool.lease).run(wanted)
    assert (episode.outcome, episode.reward) == ("success", 1.0)
