"""Corrections for samples of another policy: by hand, and on a bandit whose gradient is known."""

import math

import pytest
import torch

from tracegraph.policy import behaviour, mismatch, ppo_clip, reinforce, starved, truncated_weights


def test_weights_are_ratios_up_to_the_cap():
    logps = torch.tensor([[math.log(0.6), math.log(0.2), 0.0]])
    stored = torch.tensor([[math.log(0.2), math.log(0.4), -5.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    token = truncated_weights(logps, stored, mask, cap=2.0)
    assert token[0].tolist() == pytest.approx([2.0, 0.5, 1.0])
    sequence = truncated_weights(logps, stored, mask, cap=2.0, level="sequence")
    assert sequence.tolist() == [[pytest.approx(1.5)]]


def test_the_mismatch_leaves_out_what_is_masked():
    found = mismatch(
        torch.tensor([[0.1, -0.3, 9.0]]), torch.zeros(1, 3), torch.tensor([[1.0, 1.0, 0.0]])
    )
    assert found["mean"] == pytest.approx(0.2)
    assert found["largest"] == pytest.approx(0.3)
    assert found["kl"] == pytest.approx((math.exp(0.1) - 1.1 + math.exp(-0.3) - 0.7) / 2, rel=1e-4)


def gradient(method, drift, draws=400_000):
    """The relative bias of a gradient estimate from samples of a policy ``drift`` away."""
    torch.manual_seed(1)
    logits = torch.randn(12, dtype=torch.float64)
    old = (logits + drift * torch.randn(12, dtype=torch.float64)).log_softmax(0)
    worth = torch.randn(12, dtype=torch.float64)
    theta = logits.clone().requires_grad_()
    worth = worth - (theta.softmax(0) * worth).sum().detach()
    true = torch.autograd.grad(-(theta.softmax(0) * worth).sum(), theta)[0]
    arms = torch.multinomial(old.exp(), draws, replacement=True)
    logps = theta.log_softmax(0)[arms][:, None]
    stored, mask = old[arms][:, None], torch.ones(draws, 1)
    replayed = torch.ones(draws, dtype=torch.bool)
    if method == "clip":
        losses = ppo_clip((logps - stored).exp(), worth[arms], 0.2, 0.28)
    else:
        before = behaviour(stored, logps, replayed, corrected=method != "uncorrected")
        losses = reinforce(logps, before, worth[arms], mask, cap=2.0 if method == "tis" else 1e9)
    found = torch.autograd.grad(losses.mean(), theta)[0]
    return float((found - true).norm() / true.norm())


def test_stored_logprobs_with_weights_remove_the_bias_that_recomputed_ones_have():
    assert gradient("exact", 0.7) < 0.03
    assert gradient("tis", 0.7) < gradient("uncorrected", 0.7) / 2


def test_a_clip_on_stale_samples_is_no_correction():
    assert gradient("clip", 1.2) > 1.5 * gradient("tis", 1.2)


def test_only_groups_that_fail_altogether_are_given_a_success():
    rewards = torch.tensor([0.0, 0.1, 0.0, 0.0, 0.9, 0.9, 0.0, 0.02])
    groups = torch.tensor([5, 5, 3, 3, 1, 1, 8, 8])
    assert starved(rewards, groups) == {3: 2, 8: 6}


def test_replay_without_correction_pretends_that_today_sampled_it():
    stored, current = torch.full((2, 3), -2.0), torch.full((2, 3), -1.0, requires_grad=True)
    replayed = torch.tensor([True, False])
    plain = behaviour(stored, current, replayed, corrected=False)
    assert plain.tolist() == [[-1.0] * 3, [-2.0] * 3]
    assert not plain.requires_grad
    assert torch.equal(behaviour(stored, current, replayed, corrected=True), stored)
