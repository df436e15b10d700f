"""verl's agent loop over our episodes: one ``AgentLoopBase`` that plays.

Name the module in verl's ``agent_loop_config_path`` and give rows of the data set the agent name
``tracegraph``. This follows the signatures of verl 0.9 and 0.10 (``AgentLoopBase.run``,
``AgentLoopOutput``, ``server_manager.generate``); it has not been run with verl itself, which
needs GPUs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from tracegraph.agents import Turn
from tracegraph.errors import TracegraphError
from tracegraph.policy.play import Play, one_sequence

NAME = "tracegraph"


def agent_loop(play: Play, name: str = NAME) -> Any:
    """Register and return an agent loop that plays one episode a row of the data set.

    Args:
        play: runs an episode of a row's fields; what it asks goes to verl's servers.
        name: under which rows ask for it.
    """
    try:
        from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopOutput, register
    except ImportError as error:
        raise TracegraphError(
            "verl is not installed: pip install verl (on a machine with GPUs)"
        ) from error

    async def run(self: Any, sampling_params: dict[str, Any], **fields: Any) -> Any:
        spent = 0.0
        # One id for all turns: verl then keeps them on the server that has the prefix cached.
        request = uuid4().hex

        async def ask(prompt: Sequence[int]) -> Turn:
            nonlocal spent
            started = time.monotonic()
            told = await self.server_manager.generate(
                request_id=request,
                prompt_ids=list(prompt),
                sampling_params={**sampling_params, "logprobs": True},
            )
            spent += time.monotonic() - started
            return Turn(
                answer=self.tokenizer.decode(told.token_ids, skip_special_tokens=True),
                sampling=dict(sampling_params), prompt_token_ids=list(prompt),
                token_ids=list(told.token_ids), logprobs=list(told.log_probs),
            )  # fmt: skip

        episode = await play(fields, ask)
        row = one_sequence(episode)
        return AgentLoopOutput(
            prompt_ids=row.prompt,
            response_ids=row.ids,
            response_mask=row.mask,
            response_logprobs=row.logprobs,
            reward_score=episode.reward,
            num_turns=row.turns,
            metrics={"generate_sequences": spent},
            extra_fields={"outcome": episode.outcome, "task": episode.task},
        )

    return register(name)(type("TracegraphLoop", (AgentLoopBase,), {"run": run}))
