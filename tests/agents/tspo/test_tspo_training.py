"""Training: it learns, resumes to the same end, and says which groups taught nothing."""

from dataclasses import replace

import pytest
import torch

from tracegraph.agents.tspo.checkpoint import CheckpointError
from tracegraph.agents.tspo.curve import write_page
from tracegraph.agents.tspo.data import synthetic_splits
from tracegraph.agents.tspo.encoders import HandmadeEncoder
from tracegraph.agents.tspo.schedule import Linear
from tracegraph.agents.tspo.settings import TrainSettings
from tracegraph.agents.tspo.train import Training, compare

pytestmark = pytest.mark.slow  # clips are rendered, encoded, decoded

SHORT = TrainSettings(
    steps=6, questions=4, group=4, frames=4, eval_every=3, eval_questions=4, heads=4
)


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """Few clips of all events, few clips a video."""
    folder = tmp_path_factory.mktemp("needles")
    return synthetic_splits(folder, HandmadeEncoder(64), each=4, clips=10, repeats=2)


def test_a_cut_off_training_ends_like_a_whole_one(splits, tmp_path):
    whole = Training(tmp_path / "whole", splits, SHORT)
    log = whole.run()
    lines = []

    class Cut(Exception):
        pass

    def cut(line):
        lines.append(line)
        if line["step"] == 5:
            raise Cut

    with pytest.raises(Cut):
        Training(tmp_path / "cut", splits, SHORT, cut).run()
    again = Training(tmp_path / "cut", splits, SHORT)
    assert again.step == 3
    resumed = again.run()
    for name, value in whole.head.state_dict().items():
        assert torch.equal(value, again.head.state_dict()[name]), name
    without = [{k: v for k, v in line.items() if k != "seconds"} for line in log]
    assert [{k: v for k, v in line.items() if k != "seconds"} for line in resumed] == without
    assert all(0 <= line["zero_variance"] <= 1 for line in log if "reward" in line)
    with pytest.raises(CheckpointError, match="lr"):
        Training(tmp_path / "cut", splits, replace(SHORT, lr=Linear(1e-3, 1e-4)))


def test_what_training_asks_about_is_apart_from_what_is_measured(splits):
    train = {splits.train.question(n).task.info["label"] for n in range(40)}
    clips = {splits.clips.question(n).task.info["label"] for n in range(40)}
    events = {splits.events.question(n).task.info["label"] for n in range(40)}
    assert not train & events
    assert clips <= train
    used = {clip.path for n in range(20) for clip in splits.train.question(n).task.clips}
    other = {clip.path for n in range(20) for clip in splits.events.question(n).task.clips}
    assert not used & other


def test_rewards_teach_the_head_from_pixels(splits, tmp_path):
    torch.set_num_threads(1)
    settings = TrainSettings(
        steps=140, questions=12, frames=6, heads=4, temporal_weight=2.0, eval_every=140,
        eval_questions=32, lr=Linear(4e-3, 1e-3), tau=Linear(0.08, 0.04),
    )  # fmt: skip
    training = Training(tmp_path, splits, settings)
    log = training.run()
    before, after = (line for line in log if line.get("held_out") == "clips")
    assert after["precision"] > before["precision"] + 0.15
    assert after["accuracy"] > before["accuracy"] + 0.1
    compared = compare(splits, training.head, ["uniform", "topk", "tspo"], 16, 6)
    page = write_page(tmp_path, log, compared, settings.told())
    assert "tspo" in page.read_text()
    assert (tmp_path / "curve-training.svg").read_text().startswith("<svg")


def test_questions_about_whole_videos_need_many_moments_and_train_beside_needles(splits, tmp_path):
    asked = [splits.whole.question(number) for number in range(12)]
    for question in asked:
        assert question.kind == "comprehensive"
        right = question.task.answer
        assert question.answer(range(len(question.frames))) == (right, True)
        few = range(len(question.frames) // 8, len(question.frames), len(question.frames) // 4)
        assert question.answer(few)[0] != right
    assert {question.task.question.split()[0] for question in asked} == {"How", "Which"}
    training = Training(tmp_path, splits, replace(SHORT, comprehensive=0.5))
    kinds = {training._question(number).kind for number in range(12)}
    assert kinds == {"needle", "comprehensive"}
    log = training.run()
    assert {line["held_out"] for line in log if "held_out" in line} == {
        "clips", "events", "overview",
    }  # fmt: skip
