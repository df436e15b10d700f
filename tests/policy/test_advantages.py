"""Advantages against numbers worked out by hand with the statistics module."""

import statistics

import pytest
import torch

from tracegraph.policy import dr_grpo, group_moments, grpo, rloo

# Groups of different sizes, in mixed order; group 9 has one member, group 4 no variance.
REWARDS = [1.0, 0.0, 0.5, 0.0, 0.3, 2.0, 1.0, 1.0]
GROUPS = [7, 7, 2, 7, 9, 2, 4, 4]


def by_hand(rule):
    expected = []
    for place, (reward, group) in enumerate(zip(REWARDS, GROUPS, strict=True)):
        mates = [r for r, g in zip(REWARDS, GROUPS, strict=True) if g == group]
        others = [
            r
            for i, (r, g) in enumerate(zip(REWARDS, GROUPS, strict=True))
            if g == group and i != place
        ]
        expected.append(rule(reward, mates, others))
    return expected


@pytest.mark.parametrize(
    ("advantage", "rule"),
    [
        (
            grpo,
            lambda r, mates, others: (
                (r - statistics.mean(mates)) / (statistics.stdev(mates) + 1e-4) if others else 0.0
            ),
        ),
        (dr_grpo, lambda r, mates, others: r - statistics.mean(mates)),
        (rloo, lambda r, mates, others: r - statistics.mean(others) if others else 0.0),
    ],
)
def test_advantages_are_those_worked_out_by_hand(advantage, rule):
    found = advantage(torch.tensor(REWARDS), torch.tensor(GROUPS))
    assert found.tolist() == pytest.approx(by_hand(rule), abs=1e-6)


def test_a_group_without_variance_and_a_group_of_one_teach_nothing():
    for advantage in (grpo, dr_grpo, rloo):
        found = advantage(torch.tensor(REWARDS), torch.tensor(GROUPS))
        assert found[[4, 6, 7]].tolist() == [0.0, 0.0, 0.0]


def test_the_size_of_a_group_is_told_for_each_member():
    size = group_moments(torch.tensor(REWARDS), torch.tensor(GROUPS)).size
    assert size.tolist() == [3, 3, 2, 3, 1, 2, 2, 2]


def test_grpo_is_that_of_trl():
    utils = pytest.importorskip("trl.trainer.utils")
    rewards = torch.tensor([[0.1, 0.9, 0.4, 0.4], [2.0, -1.0, 0.0, 0.0]])
    scaled = (rewards - rewards.nanmean(1, keepdim=True)) / (
        utils.nanstd(rewards, dim=1)[:, None] + 1e-4
    )
    found = grpo(rewards.flatten(), torch.arange(2).repeat_interleave(4))
    assert torch.allclose(found, scaled.flatten(), atol=1e-6)
