"""TRL's GRPOTrainer over our episodes, through its ``rollout_func``.

    trainer = GRPOTrainer(model, reward_funcs=episode_reward, args=config, train_dataset=dataset,
                          processing_class=tokenizer, rollout_func=rollout_func(play, limit=64))

TRL repeats each prompt ``num_generations`` times, so groups have one size. It uses the stored
log-probabilities in its loss only with ``use_vllm=True``: without, stale samples would be trained
on as if they were fresh. Sample on policy, which is what happens here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from tracegraph.agents import Turn
from tracegraph.policy.play import Play, one_sequence
from tracegraph.policy.trainer.sample import sample

REWARD = "episode_reward"


def rollout_func(
    play: Play, *, limit: int, temperature: float = 1.0
) -> Callable[[list[Any], Any], dict[str, list[Any]]]:
    """Return a function for TRL that plays one episode a prompt with the trainer's model.

    Args:
        play: runs an episode; what it asks is sampled in process.
        limit: tokens of an answer.
        temperature: of samples; the same as in TRL's configuration.
    """

    def run(prompts: list[Any], trainer: Any) -> dict[str, list[Any]]:
        model = trainer.accelerator.unwrap_model(trainer.model)
        stop = frozenset({trainer.processing_class.eos_token_id})

        async def ask(prompt: Sequence[int]) -> Turn:
            ((one,),) = sample(model, [prompt], 1, limit=limit, stop=stop, temperature=temperature)
            return Turn(
                answer=trainer.processing_class.decode(list(one.ids), skip_special_tokens=True),
                sampling={"temperature": temperature},
                prompt_token_ids=list(prompt), token_ids=list(one.ids),
                logprobs=list(one.logprobs),
            )  # fmt: skip

        async def all_of_them() -> list[Any]:
            return [await play(prompt, ask) for prompt in prompts]

        training = model.training
        model.eval()
        episodes = asyncio.run(all_of_them())
        model.train(training)
        rows = [one_sequence(episode) for episode in episodes]
        return {
            "prompt_ids": [row.prompt for row in rows],
            "completion_ids": [row.ids for row in rows],
            "logprobs": [row.logprobs for row in rows],
            "env_mask": [row.mask for row in rows],
            # A fault of the machine has no reward, and TRL leaves a None out.
            REWARD: [episode.reward for episode in episodes],
        }

    return run


def episode_reward(completions: list[Any], **told: Any) -> list[float | None]:
    """Return the reward of each episode; the ``reward_funcs`` of TRL."""
    rewards: list[float | None] = told[REWARD]
    return rewards
