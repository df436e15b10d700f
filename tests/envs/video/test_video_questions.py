"""Published benchmarks of questions, on small folders in their layouts."""

import json

import pytest

from tracegraph.envs.video import VideoDataError
from tracegraph.envs.video.benchmarks.questions import (
    load_longvideobench,
    load_mlvu,
    load_videomme,
)


def test_videomme(tmp_path):
    row = {
        "question_id": "001-1", "videoID": "abc", "question": "What is it?", "answer": "B",
        "options": ["A. A cat.", "B. A dog."], "duration": "long", "task_type": "OCR",
    }  # fmt: skip
    (tmp_path / "test.json").write_text(json.dumps([row]))
    (task,) = load_videomme(tmp_path)
    assert task.options == ("A cat.", "A dog.")
    assert task.answer == "A dog."
    assert task.video.endswith("data/abc.mp4")
    (tmp_path / "test.json").write_text(json.dumps([row | {"answer": "E"}]))
    with pytest.raises(VideoDataError, match="none of 2 options"):
        load_videomme(tmp_path)


def test_videomme_as_parquet(tmp_path):
    import pyarrow
    import pyarrow.parquet

    row = {
        "question_id": ["1"], "videoID": ["abc"], "question": ["?"], "answer": ["A"],
        "options": [["A. x", "B. y"]], "duration": ["short"], "task_type": ["t"],
    }  # fmt: skip
    (tmp_path / "videomme").mkdir()
    path = tmp_path / "videomme/test-00000-of-00001.parquet"
    pyarrow.parquet.write_table(pyarrow.table(row), path)
    assert load_videomme(tmp_path)[0].answer == "x"


def test_mlvu(tmp_path):
    (tmp_path / "json").mkdir()
    rows = [
        {"video": "n.mp4", "question": "?", "candidates": ["x", "y"], "answer": "y",
         "question_type": "findNeedle"},
        {"video": "n.mp4", "question": "free", "answer": "words"},
    ]  # fmt: skip
    (tmp_path / "json/2_needle.json").write_text(json.dumps(rows))
    (task,) = load_mlvu(tmp_path)
    assert (task.answer, task.info) == ("y", {"kind": "findNeedle"})
    assert task.video.endswith("video/2_needle/n.mp4")


def test_longvideobench(tmp_path):
    row = {
        "id": "a_0", "video_path": "a.mp4", "question": "?", "candidates": ["x", "y"],
        "correct_choice": 1, "duration_group": 3600, "question_category": "TOS",
    }  # fmt: skip
    (tmp_path / "lvb_val.json").write_text(json.dumps([row]))
    (task,) = load_longvideobench(tmp_path)
    assert (task.answer, task.info["duration"]) == ("y", "3600")
    with pytest.raises(VideoDataError, match="as it was published"):
        load_longvideobench(tmp_path / "nowhere")
