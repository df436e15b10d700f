"""Real vLLM on the CPU with SmolLM2: answers, adapters, and a server that dies under load."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from tracegraph import runs
from tracegraph.models import LLM, Budget, ModelError
from tracegraph.models.vllm import command, environment, lora
from tracegraph.models.vllm.replica import Replica, replicas
from tracegraph.models.vllm.start import start, stop
from tracegraph.models.vllm.weights import model_argument
from tracegraph.runs import Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        environment.interpreter() is None, reason="no vLLM here: tracegraph serve setup"
    ),
]

_MAKE_ADAPTER = """
import json, pathlib, sys, torch
from safetensors.torch import save_file
folder = pathlib.Path(sys.argv[1]); folder.mkdir(parents=True)
torch.manual_seed(0)
weights = {}
for layer in range(30):
    at = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
    weights[f"{at}.lora_A.weight"] = torch.randn(4, 576) * 0.2
    weights[f"{at}.lora_B.weight"] = torch.randn(576, 4) * 0.2
save_file(weights, folder / "adapter_model.safetensors")
(folder / "adapter_config.json").write_text(json.dumps({
    "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "bias": "none",
    "target_modules": ["q_proj"], "base_model_name_or_path": "smollm2"}))
"""


class City(BaseModel):
    city: str
    country: str


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Replica]]:
    """Return two servers of SmolLM2 that are known only to this test."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TRACEGRAPH_STATE", str(tmp_path_factory.mktemp("state")))
    folder, name = model_argument("smollm2")
    options = command.ServeOptions(folder, name, lora=True, max_length=1024)
    try:
        yield start(options, count=2)
    finally:
        stop()
        patch.undo()


async def test_a_constrained_answer_with_log_probabilities(
    servers: list[Replica], store: Store
) -> None:
    async with LLM("vllm:smollm2", store=store) as llm:
        answer = await llm.complete(
            "Where is the Eiffel tower?", schema=City, max_tokens=60, logprobs=True
        )
        assert isinstance(answer.parsed, City)
        assert answer.token_ids
        assert answer.logprobs
        assert len(answer.token_ids) == len(answer.logprobs) == answer.usage.completion_tokens
        assert all(value <= 0 and math.isfinite(value) for value in answer.logprobs)
        assert answer.prompt_token_ids
        assert len(answer.prompt_token_ids) == answer.usage.prompt_tokens
        several = await llm.complete("A number:", n=4, temperature=1, seed=1, max_tokens=5)
        assert len(several.choices) == 4
        assert len((await llm.complete("A number:", n=2, max_tokens=5)).choices) == 2
    assert {call.status for call in runs.list_calls(store)} == {"ok"}


async def test_a_tight_budget_is_counted_by_the_servers_tokenizer(
    servers: list[Replica], store: Store
) -> None:
    async with LLM("vllm:smollm2", store=store, max_tokens=8) as llm:
        question = "one two three four five six seven eight nine ten " * 4
        used = (await llm.complete(question)).usage
        exact = used.prompt_tokens + 8
        budget = Budget(tokens=exact)
        await llm.complete(question, budget=budget)
        assert budget.spent.tokens <= exact


async def test_an_adapter_is_loaded_and_unloaded_while_serving(
    servers: list[Replica], store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "adapter"
    python = environment.require()
    subprocess.run([str(python), "-c", _MAKE_ADAPTER, str(folder)], check=True)
    async with LLM("vllm:smollm2", store=store, max_tokens=12) as base:
        plain = (await base.complete("The capital of France is")).text
        assert lora.load("smollm2", "tuned", str(folder)) == 2
        async with LLM("vllm:tuned", store=store, max_tokens=12) as tuned:
            assert (await tuned.complete("The capital of France is")).text != plain
        assert (await base.complete("The capital of France is")).text == plain
        assert lora.unload("smollm2", "tuned") == 2
        with pytest.raises(ModelError, match="no server of tuned"):
            await LLM("vllm:tuned", store=store).complete("Hi")
    with pytest.raises(ModelError, match=r"no adapter_config\.json"):
        lora.load("smollm2", "x", str(tmp_path))


def test_the_status_shows_the_load(servers: list[Replica]) -> None:
    from tracegraph.cli.serve import app

    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0
    assert shown.output.count("healthy") == 2
    assert "prefix reuse" in shown.output


async def test_many_long_prompts_with_seeds_end_no_server(
    servers: list[Replica], store: Store
) -> None:
    # Together they are more than a server reads in one step (2,048 tokens).
    async with LLM("vllm:smollm2", store=store, max_tokens=4) as llm:
        prompts = [f"{number}: " + "one two three four five " * 130 for number in range(12)]
        await asyncio.gather(*(llm.complete(p, temperature=1, seed=7) for p in prompts))
    assert {call.attempts for call in runs.list_calls(store)} == {1}


async def test_one_of_two_servers_dies_under_load_and_no_request_is_lost(
    servers: list[Replica], store: Store
) -> None:
    killed = asyncio.Event()

    async with LLM("vllm:smollm2", store=store, timeout=120, temperature=1) as llm:

        async def ask(number: int) -> str:
            # Of different lengths, so that whenever one is done others are under way.
            tokens = 10 + 10 * (number % 6)
            prompt = f"Write a story about the number {number}."
            answer = await llm.complete(prompt, max_tokens=tokens, ignore_eos=True)
            if number >= 10 and not killed.is_set():
                killed.set()
                os.killpg(servers[0].pid, signal.SIGKILL)
            return answer.text

        texts = await asyncio.gather(*(ask(number) for number in range(60)))
    assert killed.is_set()
    assert len(texts) == 60
    assert all(texts)
    calls = runs.list_calls(store)
    assert [call.status for call in calls] == ["ok"] * 60
    assert any(call.attempts > 1 for call in calls), "some were on the server that died"
    assert [replica.url for replica in replicas("smollm2")] == [servers[1].url]
