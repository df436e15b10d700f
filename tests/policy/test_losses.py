"""Losses against sums written out by hand, and against TRL's where it has the same."""

import math
from types import SimpleNamespace

import pytest
import torch

from tracegraph.policy import aggregate, gspo_ratio, k3, ppo_clip, token_ratio
from tracegraph.policy.losses import clip_fraction


@pytest.fixture
def batch():
    torch.manual_seed(3)
    lengths = [5, 2, 7]
    mask = torch.zeros(3, 7)
    for row, length in enumerate(lengths):
        mask[row, :length] = 1
    mask[2, 3] = 0  # a token of the environment
    old = -torch.rand(3, 7) * 3
    return SimpleNamespace(
        mask=mask,
        old=old,
        logps=(old + torch.randn(3, 7) * 0.4).requires_grad_(),
        advantages=torch.tensor([1.3, -0.7, -2.0]),
        reference=old + torch.randn(3, 7) * 0.2,
    )


def by_hand(batch, low, high, dual=None):
    """The loss of each token in plain Python."""
    rows = []
    for i in range(3):
        row = []
        for t in range(7):
            rho = math.exp(batch.logps[i, t].item() - batch.old[i, t].item())
            worth = batch.advantages[i].item()
            value = min(rho * worth, min(max(rho, 1 - low), 1 + high) * worth)
            if dual is not None and worth < 0:
                value = max(value, dual * worth)
            row.append(-value)
        rows.append(row)
    return rows


@pytest.mark.parametrize(
    ("low", "high", "dual"), [(0.2, 0.2, None), (0.2, 0.28, None), (0.2, 0.3, 1.5)]
)
def test_clipped_losses_are_those_worked_out_by_hand(batch, low, high, dual):
    found = ppo_clip(token_ratio(batch.logps, batch.old), batch.advantages, low, high, dual)
    for row, expected in zip(found.tolist(), by_hand(batch, low, high, dual), strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


def test_the_dual_clip_binds_only_where_a_bad_token_became_likely():
    ratio = torch.tensor([[9.0, 1.0], [9.0, 1.0]])
    plain = ppo_clip(ratio, torch.tensor([-1.0, 1.0]))
    dual = ppo_clip(ratio, torch.tensor([-1.0, 1.0]), dual=3.0)
    assert plain[0, 0] == 9
    assert dual[0, 0] == 3
    assert torch.equal(plain[1], dual[1])


def test_a_token_outside_of_the_clip_has_no_gradient_and_is_counted():
    logps = torch.tensor([[math.log(1.5), math.log(0.5), math.log(1.5)]], requires_grad=True)
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    ratio = token_ratio(logps, torch.zeros(1, 3))
    ppo_clip(ratio, torch.tensor([1.0])).sum().backward()
    assert (logps.grad != 0).tolist() == [[False, True, False]]
    assert clip_fraction(ratio, torch.tensor([1.0]), mask).item() == 0.5


def test_aggregations_differ_as_they_should(batch):
    losses = torch.arange(21.0).reshape(3, 7)
    rows = [
        [losses[i, t].item() for t in range(7) if batch.mask[i, t]] for i in range(3)
    ]  # fmt: skip
    total = sum(map(sum, rows))
    assert aggregate(losses, batch.mask, "token").item() == pytest.approx(total / 13)
    assert aggregate(losses, batch.mask, "sequence").item() == pytest.approx(
        sum(sum(row) / len(row) for row in rows) / 3
    )
    assert aggregate(losses, batch.mask, "constant", length=10).item() == pytest.approx(total / 30)
    with pytest.raises(ValueError, match="length"):
        aggregate(losses, batch.mask, "constant")


@pytest.mark.parametrize(("how", "total"), [("token", 13), ("sequence", 3), ("constant", 3)])
def test_micro_batches_add_up_to_the_whole(batch, how, total):
    losses = torch.randn(3, 7)
    whole = aggregate(losses, batch.mask, how, length=7)
    parts = [
        aggregate(losses[rows], batch.mask[rows], how, length=7, total=total)
        for rows in ([0], [1, 2])
    ]
    assert torch.allclose(whole, sum(parts))


def test_k3_is_never_negative_and_estimates_the_divergence():
    torch.manual_seed(0)
    policy = torch.randn(50).log_softmax(0)
    reference = (policy + torch.randn(50) * 0.3).log_softmax(0)
    exact = (policy.exp() * (policy - reference)).sum()
    assert (k3(policy, reference) >= 0).all()
    assert (policy.exp() * k3(policy, reference)).sum().item() == pytest.approx(
        exact.item(), rel=1e-4
    )


def trl_loss(batch, **settings):
    """Run the loss of TRL's trainer on the batch, without a model."""
    module = pytest.importorskip("trl.trainer.grpo_trainer")
    names = {
        "loss_type": "grpo", "importance_sampling_level": "token", "epsilon_low": 0.2,
        "epsilon_high": 0.2, "beta": 0.0, "delta": None, "max_completion_length": 7,
        "use_vllm": False,
    } | settings  # fmt: skip
    many = names.pop("items", batch.mask.sum())

    class Anything(SimpleNamespace):
        def __getattr__(self, name):
            return False

    def told(*_, **__):
        return batch.logps, torch.zeros(3, 7), None

    class Quiet(dict):
        def __missing__(self, key):
            self[key] = Quiet() if key in ("train", "eval") else []
            return self[key]

    accelerator = SimpleNamespace(
        num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x, sync_gradients=False
    )
    args = Anything(delta=names.pop("delta"), steps_per_generation=1, use_bias_correction_kl=False)
    trainer = Anything(
        _get_per_token_logps_and_entropies=told, model=SimpleNamespace(training=True),
        accelerator=accelerator, current_gradient_accumulation_steps=1, args=args,
        top_entropy_quantile=1.0, off_policy_mask_threshold=None, _metrics=Quiet(),
        vllm_importance_sampling_correction=True, **names,
    )  # fmt: skip
    inputs = {
        "prompt_ids": torch.zeros(3, 1), "prompt_mask": torch.ones(3, 1),
        "completion_ids": torch.zeros(3, 7), "completion_mask": batch.mask,
        "advantages": batch.advantages, "old_per_token_logps": batch.old,
        "num_items_in_batch": torch.as_tensor(many), "ref_per_token_logps": batch.reference,
        "importance_sampling_ratio": getattr(batch, "weights", None),
    }  # fmt: skip
    return module.GRPOTrainer._compute_loss(trainer, trainer.model, inputs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"how": "sequence"}, {"loss_type": "grpo"}),
        ({"how": "token", "high": 0.28}, {"loss_type": "dapo", "epsilon_high": 0.28}),
        ({"how": "constant"}, {"loss_type": "dr_grpo"}),
        ({"how": "sequence", "gspo": True}, {"importance_sampling_level": "sequence"}),
        ({"how": "sequence", "beta": 0.04}, {"beta": 0.04}),
        ({"how": "sequence", "tis": True}, {"use_vllm": True}),
    ],
)
def test_losses_and_gradients_are_those_of_trl(batch, ours, theirs):
    from tracegraph.policy import truncated_weights

    if ours.get("tis"):
        batch.weights = truncated_weights(batch.old, batch.reference, batch.mask, cap=1.1)
        assert (batch.weights == 1.1).any()
    expected = trl_loss(batch, **theirs)
    (wanted,) = torch.autograd.grad(expected, batch.logps)

    ratio = (
        gspo_ratio(batch.logps, batch.old, batch.mask)
        if ours.get("gspo")
        else token_ratio(batch.logps, batch.old)
    )
    losses = ppo_clip(ratio, batch.advantages, 0.2, ours.get("high", 0.2))
    if ours.get("tis"):
        losses = losses * batch.weights
    losses = losses + ours.get("beta", 0.0) * k3(batch.logps, batch.reference)
    found = aggregate(losses, batch.mask, ours["how"], length=7)
    (gradient,) = torch.autograd.grad(found, batch.logps)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert torch.allclose(gradient, wanted, atol=1e-7)
