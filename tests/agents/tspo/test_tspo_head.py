"""The head and its laws against plain definitions; the published layout."""

import itertools
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tracegraph.agents.tspo.checkpoint import (
    CheckpointError,
    from_published,
    load_head,
    save_head,
)
from tracegraph.agents.tspo.head import TemporalHead, banded_attention
from tracegraph.agents.tspo.policy import advantages, gumbel_topk, log_prob
from tracegraph.agents.tspo.rewards import RewardWeights, reward
from tracegraph.agents.tspo.schedule import Linear
from tracegraph.errors import TracegraphError


@pytest.mark.parametrize(("length", "window"), [(1, 12), (5, 12), (30, 12), (17, 3)])
def test_banded_attention_is_masked_attention(length, window):
    draw = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(2, length, 4, 6, generator=draw) for _ in range(3))
    mask = torch.zeros(length, length, dtype=torch.bool)
    for j, shift in itertools.product(range(length), range(window)):
        mask[j, min(max(j - window // 2 + shift, 0), length - 1)] = True
    logits = torch.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(6)
    weights = logits.masked_fill(~mask, -1e9).softmax(-1)
    whole = torch.einsum("bhij,bjhd->bihd", weights, v)
    assert torch.allclose(banded_attention(q, k, v, window), whole, atol=1e-5)


def published(dim=768):
    draw = torch.Generator().manual_seed(0)
    names = ["temporal.Self_q", "temporal.Self_k", "temporal.Self_v", "temporal.ffn_o", "mlp.0",
             "mlp.2"]  # fmt: skip
    state = {}
    for name in names:
        state[f"selector.{name}.weight"] = torch.randn(dim, dim, generator=draw) / math.sqrt(dim)
        state[f"selector.{name}.bias"] = torch.randn(dim, generator=draw) * 0.01
    return state


def scores_by_definition(state, frames, text, window=12):
    """The published computation, written down plainly, for one video."""

    def linear(name, x):
        return x @ state[f"selector.{name}.weight"].T + state[f"selector.{name}.bias"]

    length, dim = frames.shape
    place = torch.arange(length)[:, None] / length
    speed = torch.exp(torch.arange(0, dim, 2) * (-math.log(10_000.0) / dim))
    code = torch.zeros(length, dim)
    code[:, 0::2], code[:, 1::2] = torch.sin(place * speed), torch.cos(place * speed)
    q, k, v = (linear(f"temporal.Self_{x}", frames + code) for x in "qkv")
    mixed = torch.zeros_like(frames)
    size = dim // 8
    for head, j in itertools.product(range(8), range(length)):
        part = slice(head * size, (head + 1) * size)
        seen = list(range(max(0, j - window // 2), min(length, j - window // 2 + window)))
        weights = (k[seen, part] @ q[j, part] / math.sqrt(size)).softmax(0)
        mixed[j, part] = weights @ v[seen, part]
    refined = linear("mlp.2", linear("mlp.0", mixed).relu()) + frames
    cosine = torch.nn.functional.cosine_similarity
    return cosine(refined, text[None], -1) + cosine(frames, text[None], -1)


def test_the_published_layout_gives_the_published_scores(tmp_path):
    state = published()
    clip = {"logit_scale": torch.tensor(1.0), "text_model.x": torch.zeros(2)}
    head = from_published(state | clip)
    assert sum(p.numel() for p in head.parameters()) == 2_952_960
    draw = torch.Generator().manual_seed(2)
    frames, text = torch.randn(20, 768, generator=draw), torch.randn(768, generator=draw)
    with torch.inference_mode():
        scores = head(frames[None], text[None])[0]
    assert torch.allclose(scores, scores_by_definition(state, frames, text), atol=1e-4)

    save_file(state | clip, tmp_path / "model.safetensors")
    loaded, encoder = load_head(tmp_path)
    assert encoder == "clip openai/clip-vit-large-patch14"
    assert torch.equal(loaded.query.weight, head.query.weight)


def test_other_layouts_are_refused_with_what_is_wrong(tmp_path):
    state = published(16)
    with pytest.raises(CheckpointError, match="no TSPO model"):
        from_published({"text_model.x": torch.zeros(1)})
    missing = {name: value for name, value in state.items() if "mlp.2" not in name}
    with pytest.raises(CheckpointError, match="second"):
        from_published(missing)
    with pytest.raises(CheckpointError, match="unknown"):
        from_published(state | {"selector.new.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"first\.weight \(3, 3\)"):
        from_published(state | {"selector.mlp.0.weight": torch.zeros(3, 3)})
    (tmp_path / "head.safetensors").write_bytes(b"\x80\x04pickle?")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_head(tmp_path / "head.safetensors")


def test_a_head_comes_back_from_its_file(tmp_path):
    head = TemporalHead(16, heads=4, window=5)
    save_head(head, tmp_path / "head.safetensors", "handmade 1 16")
    loaded, encoder = load_head(tmp_path / "head.safetensors")
    assert (loaded.heads, loaded.window, encoder) == (4, 5, "handmade 1 16")
    assert torch.equal(loaded.second.bias, head.second.bias)


def test_the_laws_by_their_formulas():
    logits = torch.tensor([0.3, -1.0, 2.0, 0.5])
    picked = torch.tensor([2, 0])
    p = logits.softmax(0)
    assert log_prob(logits, picked, "mean_softmax") == pytest.approx(
        ((p[2].log() + p[0].log()) / 2).item()
    )
    assert log_prob(logits, picked, "product").item() == pytest.approx((p[2] * p[0]).log().item())
    renormalised = p[2] * p[0] / (1 - p[2])
    assert log_prob(logits, picked, "plackett_luce").item() == pytest.approx(
        renormalised.log().item(), rel=1e-5
    )


def test_plackett_luce_is_a_distribution_and_gumbel_draws_from_it():
    logits = torch.tensor([1.0, 0.0, -0.5, 2.0])
    orders = torch.tensor(list(itertools.permutations(range(4), 2)))
    law = log_prob(logits.expand(len(orders), -1), orders, "plackett_luce").exp()
    assert law.sum().item() == pytest.approx(1.0, abs=1e-5)
    drawn = gumbel_topk(logits.expand(40_000, -1), 2, torch.Generator().manual_seed(0))
    for order, wanted in zip(orders, law, strict=True):
        share = (drawn == order).all(-1).float().mean()
        assert share.item() == pytest.approx(wanted.item(), abs=0.01)


def test_log_probs_of_sharp_scores_stay_finite():
    logits = torch.tensor([[2.0, 1.9, -2.0, 0.0]], requires_grad=True)
    value = log_prob(logits / 1e-3, torch.tensor([[2, 3, 1, 0]]), "plackett_luce")
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(logits.grad).all()


def test_advantages_are_relative_to_the_group():
    rewards = torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    advantage, flat = advantages(rewards)
    assert advantage[0].tolist() == pytest.approx([-1 / 1.0001, 0, 1 / 1.0001])
    assert advantage[1].tolist() == [0, 0, 0]
    assert flat.tolist() == [False, True]


def test_rewards_of_the_two_kinds():
    assert reward(True, [True, False, False, False], "needle") == 1.25
    assert reward(False, [True, True], "needle", RewardWeights(1.0, 0.5)) == 0.5
    assert reward(True, [], "comprehensive") == 2.0
    assert reward(False, [], "comprehensive") == 1.0
    assert [Linear(1.0, 0.0).at(step, 5) for step in (0, 2, 4, 9)] == [1.0, 0.5, 0.0, 0.0]


def test_unknown_laws_name_the_known_ones():
    from tracegraph.agents.tspo.laws import as_law

    assert as_law("product") == "product"
    with pytest.raises(TracegraphError, match="plackett_luce"):
        as_law("mean")
    assert np.isfinite(Linear(1, 2).at(0, 1))
