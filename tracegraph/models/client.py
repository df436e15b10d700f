"""The client: one object a model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, TypeVar, overload

from tracegraph.models import cassette as cassettes
from tracegraph.models.answer import from_entry, from_exchange, to_entry
from tracegraph.models.bridge import Bridge
from tracegraph.models.budget import Budget
from tracegraph.models.cache import Cache, Entry
from tracegraph.models.cassette import Cassette
from tracegraph.models.embedding import Embedding, embed
from tracegraph.models.errors import ModelError, RequestError, SchemaError
from tracegraph.models.exchange import Exchange, Exchanged, Terms
from tracegraph.models.limiter import Limiter
from tracegraph.models.messages import Prompt, as_messages
from tracegraph.models.names import default_model, make_transport
from tracegraph.models.record import Recorder
from tracegraph.models.request import Request
from tracegraph.models.retry import RetryPolicy
from tracegraph.models.schema import Schema, instruct
from tracegraph.models.scope import surroundings
from tracegraph.models.transport import Transport
from tracegraph.models.types import Completion
from tracegraph.runs import Call, Store

T = TypeVar("T")

# A tenth of these would do for most models; some count a large picture so.
_IMAGE_TOKENS = 6000


class LLM:
    """A language model, local or hosted.

        llm = LLM()                                   # the embedded model, without a key
        answer = await llm.complete("Name a colour.")
        city = (await llm.complete("Where is the Louvre?", schema=City)).parsed

    One object may be used from many tasks, threads and event loops at once.

    Args:
        model: `local`, `local:PATH.gguf`, `local:hf:OWNER/REPO/FILE`, `vllm:NAME`, or a string
            of litellm's such as `openai/gpt-4.1-mini`; None is `default_model()`.
        budget: charged for every call, unless a call names another; a surrounding one
            (`surround`) is charged as well.
        cache: a `Cache`, or True for the user's.
        store: where calls are recorded: a store; None for that of the surrounding run, else
            the project's; False for nowhere.
        cassette: answers from a file instead of a model; see `Cassette`.
        concurrency: the most requests in flight; None lets the model's kind decide.
        timeout: seconds for one attempt.
        retry: what to do about failures that may pass.
        repairs: how often an answer that does not fit its schema is asked for again.
        price: dollars a prompt token and a completion token, for unknown hosted models.
        image_tokens: the most tokens that a picture or a frame of a video may count, for budgets.
        base_url: the address of an OpenAI-compatible server, for hosted models.
        api_key: a key, where none is in the environment.
        transport: another way to the model, in place of the one that `model` names.
        sampling: defaults for every call, such as `temperature`, `max_tokens`, `seed`, `stop`.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        budget: Budget | None = None,
        cache: Cache | bool | None = None,
        store: Store | bool | None = None,
        cassette: Cassette | None = None,
        concurrency: int | None = None,
        timeout: float = 600.0,
        retry: RetryPolicy | None = None,
        repairs: int = 2,
        price: tuple[float, float] | None = None,
        image_tokens: int = _IMAGE_TOKENS,
        base_url: str | None = None,
        api_key: str | None = None,
        transport: Transport | None = None,
        **sampling: Any,
    ) -> None:
        self.model = model or default_model()
        self.budget = budget
        self.cache = Cache() if cache is True else (None if cache is False else cache)
        self.cassette = cassette
        self.timeout = timeout
        self.repairs = repairs
        self.sampling = sampling
        self.transport: Transport = transport or make_transport(
            self.model, price=price, base_url=base_url, api_key=api_key
        )

        def limit(wanted: int) -> int:
            # Asked also when it does not count: it tells the transport how many calls there are.
            capacity = self.transport.capacity(wanted)
            return concurrency or capacity

        self._limiter = Limiter(limit)
        self._recorder = Recorder(store)
        self._exchange = Exchange(
            self.transport, self._limiter, retry or RetryPolicy(), self._recorder, image_tokens
        )
        self._bridge = Bridge()

    @overload
    async def complete(
        self, messages: Prompt, *, schema: type[T], **options: Any
    ) -> Completion[T]: ...

    @overload
    async def complete(
        self, messages: Prompt, *, schema: dict[str, Any] | None = None, **options: Any
    ) -> Completion[Any]: ...

    async def complete(
        self,
        messages: Prompt,
        *,
        schema: type[Any] | dict[str, Any] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        seed: int | None = None,
        logprobs: bool = False,
        tools: list[dict[str, Any]] | None = None,
        parent: object = None,
        budget: Budget | None = None,
        timeout: float | None = None,
        cache: bool = True,
        **sampling: Any,
    ) -> Completion[Any]:
        """Return the model's answer to a text or to messages.

        Args:
            messages: a text, a message, or a list of them; see `as_messages`.
            schema: a pydantic model (or another type that pydantic knows, or a JSON schema)
                that the answer must fit; `parsed` then holds it.
            temperature: 0, the default, decodes greedily.
            max_tokens: the most tokens of one answer; 1024 by default.
            n: how many answers.
            seed: makes sampling repeatable as far as the server can: beside other requests the
                last digits differ, and now and then a token.
            logprobs: also return token ids and log-probabilities, where the server gives them.
            tools: OpenAI tools; `choices[0].tool_calls` holds what the model calls.
            parent: the graph node that asks, for the record.
            budget: charged instead of the client's.
            timeout: seconds for one attempt.
            cache: False asks again although the cache knows the answer.
            sampling: further parameters, such as `top_p` or `stop`.

        Raises:
            BudgetExceeded: the worst case does not fit the budget; nothing was sent.
            SchemaError: no answer fits the schema, after the repairs.
            RequestError: the model could not be reached or refused.
        """
        shape = None if schema is None else Schema(schema)
        given = {"temperature": temperature, "max_tokens": max_tokens, "n": n, "seed": seed}
        request = self._request(
            as_messages(messages), shape, given | sampling, logprobs=logprobs, tools=tools
        )
        around = surroundings()
        terms = Terms(
            around.budgets(budget if budget is not None else self.budget),
            timeout if timeout is not None else self.timeout,
            _node_name(parent),
            self.cassette or cassettes.current(),
        )
        kept = around.cache if self.cache is None else self.cache
        kept = kept if cache and terms.cassette is None else None
        if kept is None or not (request.repeatable or kept.sampled):
            return await self._answer(request, shape, terms)
        answers: list[Completion[Any]] = []

        async def ask() -> Entry:
            answers.append(await self._answer(request, shape, terms))
            return to_entry(answers[0])

        started = time.monotonic()
        try:
            entry, known = await kept.through(request.hash, ask)
        except RequestError as error:
            if error not in (around.failures or ()):
                around.failed(error)  # another caller asked the same; here it is a failure as well
            raise
        if not known:
            return answers[0]
        call = Call(
            self.model,
            "ok",
            request.hash,
            node=terms.node,
            cached=True,
            attempts=0,
            latency=time.monotonic() - started,
        )
        pending = self._recorder.write(call, request, None)
        if pending is not None:
            await pending
        return from_entry(entry, request, shape, latency=call.latency, call_id=call.id)

    @overload
    def complete_sync(
        self, messages: Prompt, *, schema: type[T], **options: Any
    ) -> Completion[T]: ...

    @overload
    def complete_sync(
        self, messages: Prompt, *, schema: dict[str, Any] | None = None, **options: Any
    ) -> Completion[Any]: ...

    def complete_sync(self, messages: Prompt, **options: Any) -> Completion[Any]:
        """Like `complete`, for callers without `await`.

        It may be called where an event loop is running, and blocks it; prefer `complete` there.
        """
        return self._bridge.run(self.complete(messages, **options))

    async def embed(
        self, texts: Sequence[str], *, model: str | None = None, budget: Budget | None = None
    ) -> list[Embedding]:
        """Return one embedding a text: a list of floats of length 1.

        Args:
            texts: any number of texts.
            model: a litellm embedding model; None is the small local one.
            budget: charged instead of the client's.
        """
        return await embed(
            list(texts),
            model=model,
            budget=budget or self.budget or surroundings().budget,
            recorder=self._recorder,
            timeout=self.timeout,
        )

    def embed_sync(self, texts: Sequence[str], **options: Any) -> list[Embedding]:
        """Like `embed`, for callers without `await`."""
        return self._bridge.run(self.embed(texts, **options))

    async def _answer(
        self, request: Request, shape: Schema[Any] | None, terms: Terms
    ) -> Completion[Any]:
        """Ask, and ask again while the answer does not fit the schema."""
        asked = request
        earlier: list[Exchanged] = []
        while True:
            exchanged = await self._exchange.send(asked, terms)
            done = from_exchange(exchanged, request, shape, earlier)
            problem = done.choices[0].problem
            if shape is None or problem is None or any(c.problem is None for c in done.choices):
                return done
            if len(earlier) == self.repairs:
                raise SchemaError(
                    f"{self.model} gave no {shape.name} after {self.repairs} repairs: {problem}; "
                    f"the last answer was {done.text[:300]!r}",
                    raw=done.text,
                    problem=problem,
                )
            earlier.append(exchanged)
            asked = request.following(*shape.repair(done.text, problem))

    def _request(
        self,
        messages: list[dict[str, Any]],
        shape: Schema[Any] | None,
        given: dict[str, Any],
        *,
        logprobs: bool,
        tools: list[dict[str, Any]] | None,
    ) -> Request:
        sampling: dict[str, Any] = {"temperature": 0.0, "max_tokens": 1024}
        sampling |= getattr(self.transport, "defaults", {}) | self.sampling
        sampling |= {name: value for name, value in given.items() if value is not None}
        if sampling.get("n", 1) == 1:
            sampling.pop("n", None)
        elif sampling["n"] < 1:
            raise ModelError(f"n={sampling['n']}: ask for at least one answer")
        if shape is not None and not self.transport.constrains_to(shape.json):
            messages = instruct(messages, shape.instruction())
        schema = None if shape is None else shape.json
        return Request(self.model, messages, sampling, schema, logprobs, tools)

    async def aclose(self) -> None:
        """Close the connections of this event loop, and what was opened for this client."""
        await self.transport.aclose()
        self._recorder.close()

    async def __aenter__(self) -> LLM:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"LLM({self.model!r})"


def _node_name(parent: object) -> str | None:
    if parent is None or isinstance(parent, str):
        return parent
    return str(getattr(parent, "name", parent))
