"""Masks: measures against their definitions, run lengths, components, loaders of data sets."""

import csv
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tracegraph.envs.video import VideoDataError
from tracegraph.envs.video.benchmarks.masks import load_mevis, load_refavs, load_revos
from tracegraph.envs.video.components import components
from tracegraph.envs.video.metrics import boundary, mask_score, region
from tracegraph.envs.video.rle import decode_rle, encode_rle
from tracegraph.envs.video.segments import union

masks = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def outline_by_definition(mask):
    """A pixel is on the outline when it differs from its right, lower or lower right one."""
    height, width = mask.shape
    found = np.zeros_like(mask)
    for y, x in itertools.product(range(height), range(width)):
        if (y, x) == (height - 1, width - 1):
            continue  # the last pixel never is, in DAVIS' code
        near = []
        if x + 1 < width:
            near.append(mask[y, x + 1])
        if y + 1 < height:
            near.append(mask[y + 1, x])
        if x + 1 < width and y + 1 < height:
            near.append(mask[y + 1, x + 1])
        elif x + 1 == width and y + 1 < height:
            near = [mask[y + 1, x]]
        outside = x + 1 == width or y + 1 == height
        if outside and y + 1 == height:
            near = [mask[y, x + 1]]
        # Beyond the border of the inner part DAVIS compares with the one neighbour that is there.
        found[y, x] = any(one != mask[y, x] for one in near)
    return found


def f_by_definition(mask, truth, bound=0.008):
    reach = math.ceil(bound * math.hypot(*truth.shape))
    one, other = np.argwhere(outline_by_definition(mask)), np.argwhere(outline_by_definition(truth))
    if len(one) == 0 and len(other) == 0:
        return 1.0
    if len(one) == 0 or len(other) == 0:
        return 0.0

    def near(points, others):
        away = ((points[:, None] - others[None]) ** 2).sum(-1).min(1)
        return (away <= reach**2).mean()

    precision, recall = near(one, other), near(other, one)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@given(st.data())
def test_j_and_f_are_what_davis_defines(data):
    shape = data.draw(st.tuples(st.integers(2, 12), st.integers(2, 12)))
    one, other = (data.draw(arrays(np.bool_, shape)) for _ in range(2))
    either = (one | other).sum()
    assert region(one, other) == pytest.approx((one & other).sum() / either if either else 1.0)
    assert boundary(one, other) == pytest.approx(f_by_definition(one, other))
    assert boundary(one, one) == 1.0


def test_boundaries_that_are_near_count_in_large_pictures():
    truth = np.zeros((480, 854), bool)
    truth[100:300, 200:500] = True
    assert boundary(np.roll(truth, 7, 1), truth) > 0.95  # 8 pixels are near here
    assert boundary(np.roll(truth, 20, 1), truth) < 0.7
    score = mask_score([truth, ~truth], [truth, truth])
    assert score.j == 0.5
    assert score.jf == pytest.approx((score.j + score.f) / 2)
    with pytest.raises(ValueError, match="one for each"):
        mask_score([truth], [])


@given(masks)
def test_run_lengths_come_back(mask):
    assert (decode_rle(json.loads(json.dumps(encode_rle(mask)))) == mask).all()


def test_run_lengths_of_coco():
    # Columns first: two pixels out, three in, one out.
    mask = decode_rle({"size": [3, 2], "counts": [2, 3, 1]})
    assert mask.tolist() == [[False, True], [False, True], [True, False]]
    assert encode_rle(mask)["counts"] == "231"
    with pytest.raises(VideoDataError, match="runs of 9 pixels"):
        decode_rle({"size": [3, 2], "counts": [9]})


@given(masks)
def test_components_are_the_parts_that_touch(mask):
    found = components(mask)
    assert sum(part.astype(int).sum() for part in found) == mask.sum()
    left = {tuple(map(int, place)) for place in np.argwhere(mask)}
    count = 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            y, x = edge.pop()
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in left:
                    left.remove(near)
                    edge.append(near)
    assert len(found) == count


def square(place, size=(24, 32)):
    mask = np.zeros(size, bool)
    mask[5:15, place : place + 8] = True
    return mask


def picture(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def made_expressions(home, meta, extra):
    for number in range(4):
        picture(home / f"JPEGImages/cats/{number:05d}.jpg", np.full((24, 32, 3), 50, np.uint8))
    told = {
        "videos": {
            "cats": {
                "frames": [f"{number:05d}" for number in range(4)],
                "expressions": {"0": {"exp": "the cat on the left", "anno_id": [7, 9], **extra}},
            }
        }
    }
    (home / meta).write_text(json.dumps(told))
    one = [encode_rle(square(place)) for place in (0, 4, 8)] + [None]
    other = [encode_rle(square(20))] * 4
    (home / "mask_dict.json").write_text(json.dumps({"7": one, "9": other, "11": other}))


def test_mevis_and_revos_in_their_layouts(tmp_path):
    made_expressions(tmp_path, "meta_expressions.json", {"obj_id": [0, 1]})
    (task,) = load_mevis(tmp_path)
    assert (task.id, task.query) == ("cats/0", "the cat on the left")
    assert len(task.source.frames()) == 4
    truth = task.truth()
    assert len(truth) == 2
    assert (truth[0][1] == square(4)).all()
    assert not truth[0][3].any()
    assert (union(truth)[0] == (square(0) | square(20))).all()

    made_expressions(tmp_path, "meta_expressions_valid_.json", {"type_id": 1})
    (task,) = load_revos(tmp_path, most=2)
    assert task.info == {"type": "reasoning"}
    assert [frame.ref.index for frame in task.source.frames()] == [1, 3]
    assert (task.truth()[0][0] == square(4)).all()
    with pytest.raises(VideoDataError, match="as it was published"):
        load_mevis(tmp_path / "elsewhere")


def test_refavs_in_its_layout(tmp_path):
    rows = [
        ("v1", "v1_0", "test_s", "2", "the thing that sings"),
        ("v1", "v1_1", "train", "1", "x"),
    ]
    with (tmp_path / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["vid", "uid", "split", "fid", "exp"])
        writer.writerows(rows)
    for number in range(10):
        picture(tmp_path / f"media/v1/frames/{number}.jpg", np.full((24, 32, 3), number, np.uint8))
        mask = (square(number) * 255).astype(np.uint8)
        picture(tmp_path / f"gt_mask/v1/fid_2/{number:05d}.png", mask)
    (tmp_path / "media/v1/audio.wav").write_bytes(b"RIFF")
    (task,) = load_refavs(tmp_path)
    assert task.kind == "avs"
    assert task.audio.endswith("audio.wav")
    assert [frame.ref.time_s for frame in task.source.frames()] == list(range(10))
    assert (task.truth()[0][9] == square(9)).all()
