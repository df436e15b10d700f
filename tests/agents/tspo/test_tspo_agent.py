"""Episodes of the agent: what they record, what an optimizer may change, the command."""

import pytest
from typer.testing import CliRunner

import tracegraph as tg
from tracegraph.agents.tspo.agent import TspoAgent
from tracegraph.agents.tspo.encoders import HandmadeEncoder
from tracegraph.agents.tspo.selectors import Selection, Uniform
from tracegraph.cli.main import app
from tracegraph.envs.video import Haystacks
from tracegraph.envs.video.answering import DetectorAnswerer
from tracegraph.envs.video.synthetic import ClipStyle, render_clips, splice
from tracegraph.runs import Store, list_episodes, list_runs


class FakeOracle:
    """Chooses frames at given times."""

    name = "oracle"
    looks = True

    def __init__(self, times):
        self.times = times

    def select(self, candidates, k, seed=0):
        indices = [candidates.times.index(time_s) for time_s in self.times[:k]]
        return Selection.of(self.name, candidates, indices, [0.0] * len(candidates.times))


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agent")
    labels = ["red circle", "blue square", "green triangle", "cyan cross"]
    clips = render_clips(folder, labels, each=1, style=ClipStyle(seconds=5.0))
    return splice(Haystacks(clips, clips, clips=4, repeats=1).build(1), folder / "needle.mp4")


def agent_for(task, tmp_path):
    start = task.spans[0].start
    oracle = FakeOracle([start + 1, start + 3])
    return TspoAgent(
        HandmadeEncoder(), [Uniform(), oracle], DetectorAnswerer(), frames=2, cache=tmp_path
    )


async def test_an_episode_tells_what_was_chosen_and_why(task, tmp_path):
    agent = agent_for(task, tmp_path)
    with tg.record(values={agent.selector: "oracle"}) as run:
        episode = await agent.run(task)
    assert episode.outcome == "success"
    assert episode.answer == task.answer
    assert episode.rewards["precision"] == 1.0
    select, ask = episode.turns
    assert select.action == {"select": "oracle", "k": 2}
    assert ask.messages[0]["frames"][0]["time_s"] == task.spans[0].start + 1
    assert {"tspo_answer", "tspo_frames", "tspo_selector"} <= set(episode.policy)
    names = [node.name for node in run.nodes]
    assert [name.split(":")[0].rstrip("0123456789") for name in names] == [
        "look", "select", "show", "ask",
    ]  # fmt: skip
    read = {node.name for node, _ in run.read}
    assert {"tspo_answer", "tspo_frames", "tspo_selector"} <= read


async def test_feedback_reaches_the_selector(task, tmp_path):
    agent = agent_for(task, tmp_path)
    with tg.record() as run:
        episode = await agent.run(task)
    assert episode.rewards["precision"] < 1
    judged = run.judged(run.nodes[-1], episode.feedback, score=0.0)
    assert {"tspo_answer", "tspo_frames", "tspo_selector"} <= {
        node.name for node in judged.parameters
    }
    with pytest.raises(tg.TracegraphError):
        agent.prompt.validate("no places")


def test_the_command_writes_a_page_and_an_episode(task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["run", "tspo", task.video, task.question, "--model", "detector", "-k", "4"]
    arguments += [piece for option in task.options for piece in ("--option", option)]
    done = CliRunner().invoke(
        app, [*arguments, "--page", "strip.html", "--store", str(tmp_path / "runs.db")]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "strip.html").read_text().count("<figure") == 4
    with Store(tmp_path / "runs.db") as store:
        (run,) = list_runs(store)
        (episode,) = list_episodes(store, run.id)
    assert episode.agent == "tspo"
