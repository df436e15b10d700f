"""DAPO's sampling, DisCO, group-contrastive rewards, curricula, composed rewards."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.policy import (
    compose,
    contrast_mask,
    cosine,
    disco_objective,
    fill,
    group_contrastive,
    kl_penalty,
    linear,
    overlong,
    score,
    varied,
    weighted,
)
from tracegraph.policy.rewards import RewardError


def test_groups_without_variance_are_left_out():
    rewards = torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.5])
    groups = torch.tensor([0, 0, 1, 1, 2, 2, 3])
    assert varied(rewards, groups).tolist() == [False, False, True, True, False, False, False]


def test_groups_are_drawn_until_enough_vary_and_not_for_ever():
    asked = []
    supply = iter([[0, 0], [0, 1], [1, 1], [1, 0], [0, 1]])

    def draw(count):
        asked.append(count)
        return [next(supply) for _ in range(count)]

    filled = fill(draw, lambda group: group, wanted=2)
    assert (filled.groups, filled.drawn, filled.useless) == ([[0, 1], [1, 0]], 4, 2)
    assert asked == [2, 1, 1]
    hopeless = fill(lambda n: [[0, 0]] * n, lambda group: group, wanted=2, rounds=3)
    assert (hopeless.groups, hopeless.drawn) == ([], 6)


def test_long_answers_pay_over_the_last_tokens():
    lengths = torch.tensor([10.0, 80.0, 90.0, 100.0, 130.0])
    assert overlong(lengths, longest=100, margin=20).tolist() == [0, 0, -0.5, -1, -1]


def test_scores_of_disco_are_means_over_an_answer():
    logps = torch.tensor([[-1.0, -3.0, -9.0]])
    old = torch.tensor([[-1.0, -2.0, 0.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    assert score(logps, mask).item() == -2
    expected = (1 + math.exp(-1)) / 2
    assert score(logps, mask, old, "ratio").item() == pytest.approx(expected)


def test_disco_compares_right_and_wrong_answers_of_one_question():
    scores = torch.tensor([0.3, -0.5, 0.1, 5.0, 5.0])
    right = torch.tensor([True, False, False, True, True])
    groups = torch.tensor([0, 0, 0, 1, 1])  # question 1 has no wrong answer
    tau = 2.0
    hardest = tau * math.log((math.exp(-0.5 / tau) + math.exp(0.1 / tau)) / 2)
    assert disco_objective(scores, right, groups, tau).item() == pytest.approx(0.3 - hardest)
    assert disco_objective(scores, right, groups, None).item() == pytest.approx(0.3 + 0.2)
    assert disco_objective(scores, right, groups, 1e3).item() == pytest.approx(0.5, abs=2e-3)


def test_disco_pulls_hardest_on_the_wrong_answer_that_scores_best():
    scores = torch.tensor([0.0, -1.0, 1.0], requires_grad=True)
    right = torch.tensor([True, False, False])
    disco_objective(scores, right, torch.zeros(3, dtype=torch.long), 0.5).backward()
    assert scores.grad[0] == 1
    share = math.exp(2) / (math.exp(2) + math.exp(-2))
    assert scores.grad[2].item() == pytest.approx(-share, rel=1e-5)


def test_the_hinge_is_free_inside_the_trust_region_and_squared_outside():
    old, mask = torch.zeros(1, 4), torch.ones(1, 4)
    near = torch.full((1, 4), 0.01, requires_grad=True)
    assert kl_penalty(near, old, mask, bound=1e-4, weight=1e3).item() == 0
    far = torch.full((1, 4), 0.5, requires_grad=True)
    kl = math.exp(0.5) - 1.5
    penalty = kl_penalty(far, old, mask, bound=0.05, weight=10.0)
    assert penalty.item() == pytest.approx(5 * (kl - 0.05) ** 2, rel=1e-5)
    penalty.backward()
    slope = 10 * (kl - 0.05) * (math.exp(0.5) - 1) / 4
    assert far.grad[0, 0].item() == pytest.approx(slope, rel=1e-5)


def test_an_auxiliary_step_is_rewarded_only_where_it_helps():
    accuracy = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    used = torch.tensor([True, False, True, False, True, True, True])
    groups = torch.tensor([0, 0, 1, 1, 2, 2, 2])
    signs = contrast_mask(accuracy, used, groups)
    assert signs.tolist() == [1, 1, -1, -1, 0, 0, 0]
    total = group_contrastive(
        accuracy, torch.full((7,), 0.5), used, groups, torch.full((7,), 50.0),
        longest=100, weight=0.4,
    )  # fmt: skip
    assert total.tolist() == pytest.approx([1.95, 0.55, 0.15, 1.55, 1.55, 1.55, 0.55])


def test_a_small_difference_counts_as_none():
    accuracy = torch.tensor([0.6, 0.5])
    used, groups = torch.tensor([True, False]), torch.zeros(2, dtype=torch.long)
    assert contrast_mask(accuracy, used, groups, margin=0.2).tolist() == [0, 0]


@given(st.integers(-5, 50), st.integers(1, 40), st.floats(-3, 3), st.floats(-3, 3))
def test_curricula_stay_between_their_ends(step, steps, first, last):
    for curve in (linear, cosine):
        value = curve(step, steps, first, last)
        assert min(first, last) - 1e-9 <= value <= max(first, last) + 1e-9


def test_curricula_begin_end_and_cross_the_middle():
    for curve in (linear, cosine):
        assert curve(0, 10, 1.0, 0.2) == pytest.approx(1.0)
        assert curve(5, 10, 1.0, 0.2) == pytest.approx(0.6)
        assert curve(99, 10, 1.0, 0.2) == pytest.approx(0.2)
    assert cosine(2, 10, 1.0, 0.0) > linear(2, 10, 1.0, 0.0)


def test_rewards_are_composed_by_name():
    scales = {"answer": 1.0, "form": 0.5}
    assert compose({"answer": 1.0, "form": 0.4, "length": 9.0}, scales) == pytest.approx(1.2)
    assert weighted([{"answer": 0, "form": 1}], scales).tolist() == [0.5]
    with pytest.raises(RewardError, match="no reward named form; there are: answer"):
        compose({"answer": 1.0}, scales)
