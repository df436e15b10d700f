"""Rewards: every term and every preset, worked out by hand."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.agents.omni_r1.boxes import box_iou, matched_iou
from tracegraph.agents.omni_r1.constants import Constants, preset
from tracegraph.agents.omni_r1.rewards import Facts, ItemFacts, scaled, terms, total
from tracegraph.errors import TracegraphError

# Two objects over eight frames; three items, one of them broken.
FACTS = Facts(
    form=True,
    items=[
        ItemFacts(True, True, True, (1,)),
        ItemFacts(True, True, True, (1, 2, 3)),
        ItemFacts(True, False, False),
    ],
    areas=[[0, 10, 20, 40, 40, 0, 0, 0], [5, 10, 0, 10, 10, 0, 0, 0]],
    boxes={1: [(0, 0, 10, 10), (20, 0, 30, 10)], 2: [(0, 0, 10, 10)] * 3, 3: []},
    true_boxes={
        1: [(0, 0, 10, 10), (20, 0, 30, 20)], 2: [(0, 0, 10, 10)],
        3: [(0, 0, 5, 5), (9, 9, 10, 10)],
    },
    overlaps=[1.0, 0.5, 0.5, 0.0, 0.5, 1.0, 1.0, 0.5],
)  # fmt: skip

# Items: 0.6 + 1 (both objects in frame 1); 0.6 + 5/6 (frame 2 lacks one); 0.2.
ITEMS = (1.6 + (0.6 + 5 / 6) + 0.2) / 3
LENGTH = -0.2 * 2
COUNT = 0.4 * 3  # frames 1, 2, 3
REPEATS = -0.5  # frame 1 twice
DIVERSITY = (-0.5 * 1 + 1.0 * 3) / 4
SALIENCY = (20 + 20 + 50) / 3 / 50
ALIGNMENT = ((1 + 0.5) / 2 + 1 + 0) / 3
MISMATCH = -0.5 * (0 + 2 / 2 + 0) / 3
MASKS = 5.0 / 8


def test_terms_by_hand():
    found = terms(FACTS, Constants())
    assert found == pytest.approx(
        {
            "items": ITEMS, "length": LENGTH, "count": COUNT, "repeats": REPEATS,
            "diversity": DIVERSITY, "saliency": SALIENCY, "alignment": ALIGNMENT,
            "mismatch": MISMATCH, "segmentation": MASKS, "form": 1.0,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reward"),
    [
        ("paper", DIVERSITY + COUNT + SALIENCY + ALIGNMENT + MASKS + 1),
        (
            "script_public",
            ITEMS + LENGTH + COUNT + REPEATS + SALIENCY + ALIGNMENT + MISMATCH + 1,
        ),
        (
            "script_internal",
            ITEMS + LENGTH + COUNT + REPEATS + ALIGNMENT + MISMATCH + 2 * MASKS + 1,
        ),
        ("ablation_best", DIVERSITY + COUNT + SALIENCY + MASKS + 1),
    ],
)
def test_each_preset_by_hand(name, reward):
    constants = preset(name)
    assert total(terms(FACTS, constants), constants) == pytest.approx(reward)


def test_scales_of_the_presets():
    assert preset("paper").bounds() == pytest.approx((-1.5, 6.6))
    assert preset("script_public").bounds() == pytest.approx((-4.0, 6.2))
    assert preset("script_internal").bounds() == pytest.approx((-4.0, 7.2))
    assert preset("ablation_best").bounds() == pytest.approx((-1.5, 5.6))
    with pytest.raises(TracegraphError, match="ablation_best"):
        preset("best")


def test_more_frames_than_wanted_cost():
    def count(k):
        items = [ItemFacts(True, True, True, (n,)) for n in range(k)]
        return terms(Facts(True, items, [[1] * 40]), Constants())["count"]

    assert [count(k) for k in (0, 1, 4, 5, 6, 7)] == pytest.approx([0, 0.4, 1.6, 0.8, 0.4, 0])
    assert count(40) == -1.0  # no further


@given(st.data())
def test_every_term_stays_in_its_range(data):
    count, objects = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
    item = st.builds(
        ItemFacts, st.booleans(), st.booleans(), st.booleans(),
        st.lists(st.integers(0, count - 1), max_size=30).map(tuple),
    )  # fmt: skip
    side = st.floats(0, 50)
    box = st.tuples(side, side, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
    boxes = st.dictionaries(st.integers(0, count - 1), st.lists(box, max_size=5), max_size=count)
    row = st.lists(st.integers(0, 99), min_size=count, max_size=count)
    facts = Facts(
        data.draw(st.booleans()),
        data.draw(st.lists(item, max_size=8)),
        data.draw(st.lists(row, min_size=objects, max_size=objects)),
        data.draw(boxes),
        data.draw(boxes),
        data.draw(st.lists(st.floats(0, 1), max_size=count)),
    )
    for name in ("paper", "script_public", "script_internal", "ablation_best"):
        constants = preset(name)
        found = terms(facts, constants)
        for term, (low, high) in constants.ranges().items():
            assert low - 1e-9 <= found[term] <= high + 1e-9, term
        assert -1e-9 <= scaled(total(found, constants), constants) <= 1 + 1e-9


@given(st.data())
def test_the_matching_is_the_best_one(data):
    side = st.integers(0, 6)
    box = st.tuples(side, side, st.integers(1, 5), st.integers(1, 5)).map(
        lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
    )
    found, true = (data.draw(st.lists(box, min_size=1, max_size=4)) for _ in range(2))
    few, many = sorted((found, true), key=len)
    best = max(
        sum(box_iou(a, b) for a, b in zip(few, order, strict=False))
        for order in itertools.permutations(many, len(few))
    )
    assert matched_iou(found, true) == pytest.approx(best / len(true))
