"""The packed forward is the plain one: log-probabilities, loss and gradients, at odd sizes."""

import dataclasses

import pytest
import torch

from tracegraph.policy import pack, packed_logprobs


@pytest.fixture(scope="module")
def model():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=101, hidden_size=48, intermediate_size=80, num_hidden_layers=3,
        num_attention_heads=6, num_key_value_heads=2,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config)


def plain(model, prompt, completion):
    ids = torch.tensor([prompt + completion])
    logits = model(input_ids=ids).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(-1).gather(-1, torch.tensor(completion)[:, None])[:, 0]


def a_group(first, lengths, seed=0):
    torch.manual_seed(seed)
    prompt = torch.randint(0, 101, (first,)).tolist()
    return prompt, [torch.randint(0, 101, (n,)).tolist() for n in lengths]


def loss_and_gradients(model, rows):
    model.zero_grad()
    weights = torch.linspace(-1, 1, len(rows))
    loss = sum(w * row.sum() for w, row in zip(weights, rows, strict=True))
    loss.backward()
    return loss.item(), [p.grad.clone() for p in model.parameters()]


@pytest.mark.parametrize(
    ("first", "lengths"), [(1, [1]), (13, [7, 1, 11]), (31, [29, 29, 3, 17, 5]), (64, [16] * 4)]
)
def test_it_equals_the_plain_forward_to_1e5(model, first, lengths):
    prompt, completions = a_group(first, lengths)
    packed = packed_logprobs(model, pack(prompt, completions))
    expected = [plain(model, prompt, c) for c in completions]
    for found, row in zip(packed, expected, strict=True):
        assert (found - row).abs().max() < 1e-5
    loss, gradients = loss_and_gradients(model, packed)
    wanted, others = loss_and_gradients(model, expected)
    assert loss == pytest.approx(wanted, abs=1e-5 * max(1.0, abs(wanted)))
    for found, other in zip(gradients, others, strict=True):
        assert (found - other).abs().max() < 1e-5 * max(1.0, float(other.abs().max()))


def apart(model, group, prompt, completions):
    expected = torch.cat([plain(model, prompt, c) for c in completions])
    with torch.no_grad():
        return float((torch.cat(packed_logprobs(model, group)) - expected).abs().max())


def test_the_comparison_sees_a_leak_between_completions_and_wrong_positions(model):
    prompt, completions = a_group(17, [9, 8, 5])
    group = pack(prompt, completions)
    assert apart(model, group, prompt, completions) < 1e-5
    whole = group.ids.shape[1]
    leak = torch.ones(whole, whole, dtype=torch.bool).tril()[None, None]
    assert apart(model, dataclasses.replace(group, mask=leak), prompt, completions) > 1e-2
    running = torch.arange(whole)[None]
    shifted = dataclasses.replace(group, positions=running)
    assert apart(model, shifted, prompt, completions) > 1e-3


def test_a_temperature_divides_the_logits(model):
    prompt, completions = a_group(5, [4])
    (hot,) = packed_logprobs(model, pack(prompt, completions), temperature=2.0)
    ids = torch.tensor([prompt + completions[0]])
    logits = model(input_ids=ids).logits[0, 4:-1] / 2
    expected = logits.log_softmax(-1).gather(-1, torch.tensor(completions[0])[:, None])[:, 0]
    assert torch.allclose(hot, expected, atol=1e-5)


def test_there_is_nothing_to_pack_without_tokens():
    with pytest.raises(ValueError, match="at least one token"):
        pack([1], [[2], []])
