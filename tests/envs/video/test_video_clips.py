"""Needles from the user's own videos."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tracegraph.cli.main import app
from tracegraph.envs.video import Haystacks, Video, VideoDataError
from tracegraph.envs.video.clips import load_clips
from tracegraph.envs.video.synthetic import splice
from tracegraph.envs.video.writer import write_video


@pytest.fixture
def listed(tmp_path):
    """Three videos of other sizes and rates, one grey each, cut into clips."""
    rows = []
    for number, (wide, high, rate) in enumerate(((64, 64, 5), (128, 48, 10), (96, 54, 4))):
        rgb = np.full((high, wide, 3), 60 + 60 * number, np.uint8)
        write_video(tmp_path / f"v{number}.mp4", ((n / rate, rgb) for n in range(rate * 8)))
        for start in (0, 4):
            rows.append({"path": f"v{number}.mp4", "start": start, "end": start + 3,
                         "label": f"grey {number}"})  # fmt: skip
    rows[0] |= {"question": "How bright is it?", "options": ["dark", "bright"], "answer": "dark"}
    path = tmp_path / "clips.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_clips_of_all_shapes_are_spliced_with_true_spans(listed, tmp_path):
    asked, clips = load_clips(listed)
    assert (len(asked), len(clips)) == (1, 6)
    task = splice(Haystacks(asked, clips, clips=4, repeats=1).build(0), tmp_path / "x.mp4")
    assert Video(task.video).seconds == pytest.approx(12)
    (span,) = task.spans
    for frame in Video(task.video).frames(Video(task.video).every(0.5)):
        middle = frame.rgb[36, 64].mean()
        assert (abs(middle - 60) < 12) == (frame.ref.time_s in span)


def test_a_line_that_is_no_clip_is_named(listed):
    listed.write_text(listed.read_text() + '\n{"path": "v.mp4"}')
    with pytest.raises(VideoDataError, match="line 7"):
        load_clips(listed)
    listed.write_text(
        json.dumps({"path": "v", "end": 1, "label": "x", "options": ["a"], "answer": "b"})
    )
    with pytest.raises(VideoDataError, match="one of its options"):
        load_clips(listed)


def test_the_command_measures_selectors_on_them(listed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["eval", "video", "--clips", str(listed), "--length", "4", "--path", "needles",
                 "--limit", "1", "-k", "4", "--model", "none", "--selectors", "uniform,topk",
                 "--export", "chosen.json", "-q"]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "uniform" in done.output
    chosen = json.loads((tmp_path / "chosen.json").read_text())
    assert [row["selector"] for row in chosen] == ["uniform", "topk"]
    assert len(chosen[0]["times"]) == 4
