"""The bridges: TRL trains on our episodes; verl's loop by its signatures, with a stand-in."""

import sys
import types

import pytest
import torch

from tracegraph.agents import Episode
from tracegraph.envs import Score
from tracegraph.errors import TracegraphError
from tracegraph.policy.bridges.verl import agent_loop

DIGITS = range(48, 58)
ENV_TOKEN = 200


async def play(task, ask):
    """Two turns with a token of the environment in between; digits are worth something."""
    prompt = task["ids"] if isinstance(task, dict) else list(task.encode())
    first = await ask(prompt)
    second = await ask([*prompt, *first.token_ids, ENV_TOKEN])
    episode = Episode("two turns", "none", "t", turns=[first, second])
    sampled = first.token_ids + second.token_ids
    episode.judge(Score(sum(i in DIGITS for i in sampled) / len(sampled)))
    return episode


class FakeServers:
    """Answers as verl's servers do: ids 50 and 51."""

    def __init__(self):
        self.asked = []

    async def generate(self, *, request_id, prompt_ids, sampling_params):
        self.asked.append((request_id, prompt_ids, sampling_params))
        return types.SimpleNamespace(token_ids=[50, 51], log_probs=[-0.1, -0.2])


@pytest.fixture
def fake_verl(monkeypatch):
    module = types.ModuleType("verl.experimental.agent_loop.agent_loop")
    registered = {}

    class AgentLoopBase:
        pass

    def register(name):
        return lambda cls: registered.setdefault(name, cls)

    module.AgentLoopBase, module.register = AgentLoopBase, register
    module.AgentLoopOutput = types.SimpleNamespace
    for name in ("verl", "verl.experimental", "verl.experimental.agent_loop"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return registered


async def test_the_loop_for_verl_hands_over_one_row_with_masks(fake_verl):
    loop = agent_loop(play)()
    assert fake_verl["tracegraph"] is type(loop)
    loop.server_manager = FakeServers()
    loop.tokenizer = types.SimpleNamespace(decode=lambda ids, **_: bytes(ids).decode())
    out = await loop.run({"temperature": 1.0}, ids=[1, 2])
    assert (out.prompt_ids, out.response_ids) == ([1, 2], [50, 51, ENV_TOKEN, 50, 51])
    assert out.response_mask == [1, 1, 0, 1, 1]
    assert out.response_logprobs == [-0.1, -0.2, 0.0, -0.1, -0.2]
    assert (out.reward_score, out.num_turns) == (1.0, 2)
    (first, _, sampling), (second, prompt, _) = loop.server_manager.asked
    assert first == second
    assert sampling == {"temperature": 1.0, "logprobs": True}
    assert prompt == [1, 2, 50, 51, ENV_TOKEN]


async def test_an_episode_that_rewrote_its_history_is_refused(fake_verl):
    async def forgetful(task, ask):
        turns = [await ask([1, 2]), await ask([9])]
        return Episode("a", "e", "t", turns=turns, reward=0.0)

    loop = agent_loop(forgetful)()
    loop.server_manager = FakeServers()
    loop.tokenizer = types.SimpleNamespace(decode=lambda ids, **_: "")
    with pytest.raises(TracegraphError, match="2 token sequences"):
        await loop.run({})


def test_without_verl_the_message_says_what_to_do():
    with pytest.raises(TracegraphError, match="pip install verl"):
        agent_loop(play)


@pytest.mark.slow
def test_trl_trains_on_our_episodes(tmp_path, monkeypatch):
    trl = pytest.importorskip("trl")
    from datasets import Dataset
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from tracegraph.policy.bridges.trl import episode_reward, rollout_func
    from tracegraph.policy.trainer.model import tiny

    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    vocabulary = {chr(i) if i < 256 else "<end>": i for i in range(257)}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token=chr(0)))
    raw.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>", pad_token="<end>")
    seen = []
    inner = rollout_func(play, limit=4)

    def watched(prompts, trainer):
        seen.append(inner(prompts, trainer))
        return seen[-1]

    torch.set_num_threads(1)
    torch.manual_seed(0)
    trainer = trl.GRPOTrainer(
        tiny(), reward_funcs=episode_reward,
        args=trl.GRPOConfig(
            output_dir=str(tmp_path), per_device_train_batch_size=16, num_generations=8,
            max_completion_length=9, max_steps=12, learning_rate=5e-3, report_to=[],
            use_cpu=True, logging_steps=1, save_strategy="no", disable_tqdm=True, bf16=False,
            gradient_checkpointing=False,
        ),
        train_dataset=Dataset.from_dict({"prompt": ["say 1", "say 2", "say 3", "say 4"]}),
        processing_class=tokenizer, rollout_func=watched,
    )  # fmt: skip
    trainer.train()
    rewards = [line["reward"] for line in trainer.state.log_history if "reward" in line]
    assert len(rewards) == 12
    assert sum(rewards[-3:]) > sum(rewards[:3]) + 0.3
    first = seen[0]
    assert first["prompt_ids"][0] == first["prompt_ids"][7]
    for ids, mask in zip(first["completion_ids"], first["env_mask"], strict=True):
        (place,) = [i for i, m in enumerate(mask) if not m]
        assert ids[place] == ENV_TOKEN
