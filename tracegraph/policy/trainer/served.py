"""Sampling by vLLM: each step's adapter is loaded into running servers under its own name.

Prompts go out and samples come back as token ids. A server that is started again comes back
without adapters, so a request that fails loads the adapter once more and asks again.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tracegraph.agents import Turn
from tracegraph.errors import TracegraphError
from tracegraph.models import ModelError, ServerError
from tracegraph.models.vllm import lora
from tracegraph.models.vllm.replica import Replica, replicas
from tracegraph.policy.play import Ask
from tracegraph.policy.trainer.model import Learner
from tracegraph.policy.trainer.sample import Sample
from tracegraph.policy.trainer.sampler import Draw, Table, turn_of

_TRIES, _PAUSE, _SECONDS = 6, 2.0, 600.0


class Served:
    """Samples with vLLM servers of ``model`` on this machine, started with ``--loras``.

    Log-probabilities are those that the server tells, of the distribution at temperature 1: where
    the trainer works out others, its mismatch shows it. Before ``follow`` the base answers. Samples
    depend on what else a server computes at the time, so a resumed training goes on to other ones.

    Args:
        learner: whose adapter is served.
        model: the name under which the base is served.
        folder: for the adapter as the servers read it.
    """

    def __init__(self, learner: Learner, model: str, folder: Path) -> None:
        self._learner, self._model, self._folder = learner, model, folder
        self._name = ""
        self._lock = asyncio.Lock()

    def table(self, episodes: int, draw: Draw) -> Table:
        """Return a table at which nobody waits for others: the servers batch by themselves."""
        if draw.temperature not in (0.0, 1.0):
            raise TracegraphError(
                f"vLLM tells log-probabilities at temperature 1, not {draw.temperature:g}: sample "
                "in process, or at 1"
            )
        return _Open(self, draw)

    async def follow(self, step: int) -> None:
        """Load the adapter of today into all servers, and take the one before out."""
        async with self._lock:
            await self._serve(f"{self._model}-policy-{step}")

    async def _serve(self, label: str) -> None:
        # A name of its own: a request that is late cannot be answered by other weights.
        name = f"{label}-{secrets.token_hex(4)}"
        made = self._folder / name
        self._learner.model.save_pretrained(made)
        try:
            await asyncio.to_thread(lora.load, self._model, name, str(made))
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        before, self._name = self._name, name
        await self._drop(before)

    async def close(self) -> None:
        """Take the adapter out; the servers stay."""
        name, self._name = self._name, ""
        await self._drop(name)

    async def ask(self, prompt: Sequence[int], draw: Draw, seed: int) -> Turn:
        """Return what a server samples after a prompt.

        Raises:
            ServerError: no server answered.
        """
        why: Exception | None = None
        for attempt in range(_TRIES):
            name = self._name
            try:
                found = replicas(self._model)
                if not found:
                    raise ModelError(
                        f"no server of {self._model} runs: tracegraph serve {self._model} --loras"
                    )
                # Same prompt, same server: it has the prefix in its cache.
                server = found[hash(tuple(prompt)) % len(found)]
                made = await self._post(server, name, prompt, draw, seed)
                return turn_of(self._learner, prompt, made, draw)
            except (ModelError, ServerError) as error:
                why = error
            await asyncio.sleep(_PAUSE * attempt)
            await self._again(name)
        raise ServerError(f"{self._model} gave no samples after {_TRIES} tries: {why}")

    async def _post(
        self, server: Replica, name: str, prompt: Sequence[int], draw: Draw, seed: int
    ) -> Sample:
        import httpx

        body = {
            "model": name or self._model, "prompt": list(prompt), "max_tokens": draw.limit,
            "temperature": draw.temperature, "top_p": 1.0, "top_k": -1, "seed": seed,
            "logprobs": 0, "return_token_ids": True, "skip_special_tokens": False,
            "stop_token_ids": sorted(self._learner.codec.stop),
        }  # fmt: skip
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
                answer = await client.post(
                    f"{server.url}/v1/completions",
                    json=body,
                    headers={"authorization": f"Bearer {server.token}"},
                )
        except httpx.HTTPError as error:
            raise ServerError(f"{server.url} cannot be reached: {error}") from error
        if answer.status_code != 200:
            raise ServerError(f"{server.url}: {answer.status_code} {answer.text[:300]}")
        return sample_of(answer.json()["choices"][0])

    async def _again(self, name: str) -> None:
        """Serve the adapter under another name, if it is still the one that failed."""
        async with self._lock:
            if name and name == self._name:
                # A server that is not ready yet is asked again soon.
                with suppress(ModelError, ServerError):
                    await self._serve(name.rpartition("-")[0])

    async def _drop(self, name: str) -> None:
        if name:
            # A server that is gone has no adapter either.
            with suppress(ModelError, ServerError):
                await asyncio.to_thread(lora.unload, self._model, name)
            shutil.rmtree(self._folder / name, ignore_errors=True)


class _Open:
    def __init__(self, served: Served, draw: Draw) -> None:
        self._served, self._draw = served, draw

    def seat(self, number: int) -> Ask:
        turns = random.Random(f"{self._draw.seed} {number}")

        async def ask(prompt: Sequence[int]) -> Turn:
            return await self._served.ask(prompt, self._draw, turns.getrandbits(31))

        return ask

    def leave(self, number: int) -> None:
        pass


def sample_of(choice: dict[str, Any]) -> Sample:
    """Return the sample of one choice that a server sent.

    Raises:
        ServerError: it has no token ids, or not as many log-probabilities.
    """
    ids = choice.get("token_ids") or []
    logprobs = (choice.get("logprobs") or {}).get("token_logprobs") or []
    if not ids or len(ids) != len(logprobs):
        raise ServerError(
            f"the server told {len(ids)} token ids and {len(logprobs)} log-probabilities: is it "
            "vLLM 0.10 or newer?"
        )
    return Sample(tuple(ids), tuple(logprobs), (1,) * len(ids))
