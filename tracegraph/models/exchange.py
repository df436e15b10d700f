"""One question and its reply: its turn, its budget, its attempts, its row in the store."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from tracegraph.models import cassette as cassettes
from tracegraph.models.budget import Budget, Reservation
from tracegraph.models.cassette import Cassette
from tracegraph.models.errors import BudgetExceeded, ModelError, RequestError
from tracegraph.models.limiter import Limiter
from tracegraph.models.record import Recorder
from tracegraph.models.request import Request
from tracegraph.models.retry import RetryPolicy, retrying
from tracegraph.models.scope import surroundings
from tracegraph.models.transport import Reply, Transport, read_usage
from tracegraph.models.types import Usage
from tracegraph.runs import Call


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller allows a question: budget, time, and whose it is."""

    budgets: tuple[Budget, ...]
    timeout: float
    node: str | None
    cassette: Cassette | None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A reply with what it took; `latency` in seconds counts from the first attempt."""

    reply: Reply
    usage: Usage
    latency: float
    attempts: int
    call_id: str


class Exchange:
    """Sends requests of one model: in turn, within budgets, again when they fail."""

    def __init__(
        self,
        transport: Transport,
        limiter: Limiter,
        policy: RetryPolicy,
        recorder: Recorder,
        image_tokens: int,
    ) -> None:
        self.transport = transport
        self.limiter = limiter
        self.policy = policy
        self.recorder = recorder
        self.image_tokens = image_tokens

    async def send(self, request: Request, terms: Terms) -> Exchanged:
        """Ask until there is a reply or the policy gives up; either leaves a row.

        Raises:
            BudgetExceeded: before the attempt that the budget does not cover.
            RequestError: the last attempt's.
        """
        call = Call(request.model, "error", request.hash, node=terms.node, attempts=0)
        started = time.monotonic()
        try:
            async with self.limiter.place():
                started = time.monotonic()
                async for attempt in retrying(self.policy):
                    with attempt:
                        call.attempts += 1
                        reply = await self._attempt(request, terms)
        except BaseException as error:
            surroundings().failed(error)
            call.status = _status(error)
            call.error = f"{type(error).__name__}: {error}"
            call.latency = time.monotonic() - started
            pending = self.recorder.write(call, request, None)
            if not isinstance(error, asyncio.CancelledError) and pending is not None:
                await pending
            raise
        usage = read_usage(reply.raw)
        call.status = "ok"
        call.prompt_tokens, call.completion_tokens = usage.prompt_tokens, usage.completion_tokens
        call.cost, call.latency = reply.cost, time.monotonic() - started
        pending = self.recorder.write(call, request, reply)
        if pending is not None:
            await pending
        return Exchanged(reply, usage, call.latency, call.attempts, call.id)

    async def _attempt(self, request: Request, terms: Terms) -> Reply:
        timeout = terms.timeout
        held: list[Reservation] = []
        try:
            for budget in terms.budgets:
                held.append(await self._reserve(request, terms, budget))
                left = budget.remaining.seconds
                timeout = timeout if left is None else min(timeout, max(left, 0.001))
        except BaseException:
            _release(held)
            raise
        try:
            reply = await self._carry(request, terms, timeout)
        except RequestError as error:
            if error.sent and not self.transport.free:
                _settle(held)  # the work may have been done and charged
            else:
                arrived = error.sent or error.status is not None
                _settle(held, tokens=0, dollars=0.0, calls=int(arrived))
            raise
        except asyncio.CancelledError:
            if self.transport.free:
                _settle(held, tokens=0, dollars=0.0)
            else:
                _settle(held)
            raise
        except BaseException:
            _release(held)
            raise
        _settle(held, tokens=read_usage(reply.raw).tokens, dollars=reply.cost)
        return reply

    async def _carry(self, request: Request, terms: Terms, timeout: float) -> Reply:
        if terms.cassette is not None:
            return await cassettes.complete(terms.cassette, self.transport, request, timeout)
        return await self.transport.complete(request, timeout)

    async def _reserve(self, request: Request, terms: Terms, budget: Budget) -> Reservation:
        answers = request.max_tokens * request.n
        prompt = request.most_prompt_tokens(self.image_tokens)
        try:
            return budget.reserve(**self._worst(budget, prompt, answers))
        except BudgetExceeded as refusal:
            # The bound counts bytes. Where it is all that stands in the way, the server's own
            # tokenizer says how many tokens they are.
            if refusal.kind == "tokens" and terms.cassette is None:
                exact = await self.transport.prompt_tokens(request)
                prompt = prompt if exact is None else exact
        return await budget.reserve_soon(**self._worst(budget, prompt, answers))

    def _worst(self, budget: Budget, prompt: int, answers: int) -> dict[str, Any]:
        tokens = {"tokens": prompt + answers, "calls": 1}
        try:
            return {**tokens, "dollars": self.transport.worst_price(prompt, answers)}
        except ModelError:
            if budget.remaining.dollars is None:
                return tokens
            raise


def _settle(held: list[Reservation], **used: Any) -> None:
    for reservation in held:
        reservation.settle(**used)


def _release(held: list[Reservation]) -> None:
    for reservation in held:
        reservation.release()


def _status(error: BaseException) -> Any:
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return "refused" if isinstance(error, BudgetExceeded) else "error"
