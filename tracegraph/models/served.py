"""Models behind servers of our own: the embedded one and vLLM, spoken to over plain HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tracegraph.models.errors import ModelError, ModelTimeout, RequestError
from tracegraph.models.messages import picture_count
from tracegraph.models.request import Request
from tracegraph.models.retry import passing, retry_after
from tracegraph.models.transport import Reply

if TYPE_CHECKING:
    import httpx

Engine = Literal["llama.cpp", "vllm"]

# What fingerprints are made from: scripts, digits and code, where tokenizers differ; no system
# message, because some templates refuse one.
_PROBE = "Zwölf Äpfel, 東京 12345.678!\n\tdef f(x): return x**2  # 🙂 don't"
_CONVERSATION = [
    {"role": "user", "content": _PROBE},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Why?"},
]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that answers now: its address, its token, and what it calls the model."""

    url: str
    token: str
    model: str
    engine: Engine


class Upstream(Protocol):
    """One server or a pool of them."""

    def capacity(self, wanted: int) -> int:
        """How many requests the servers work on at once, when `wanted` run or wait.

        It must not wait for anything; it may begin to start another server.
        """

    async def pick(self, request: Request | None) -> Endpoint:
        """Return the server for a request, started if need be."""

    def done(self, endpoint: Endpoint, error: RequestError | None) -> None:
        """Take back an endpoint after one attempt."""


class ServedTransport:
    """Requests to an upstream; each attempt may go to another server."""

    free = True
    # Explicit, because the servers' own defaults differ: with these the distribution that is
    # sampled is the model's own at the given temperature, which training relies on.
    defaults: dict[str, Any] = {"top_p": 1.0, "top_k": 0, "min_p": 0.0}  # noqa: RUF012

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient]
        self._clients = weakref.WeakKeyDictionary()
        self._fingerprints: dict[Endpoint, tuple[str, str]] = {}

    def capacity(self, wanted: int) -> int:
        """Return the upstream's."""
        return self.upstream.capacity(wanted)

    def constrains_to(self, schema: dict[str, Any]) -> bool:
        """Return True: both engines constrain the decoder to any JSON schema."""
        return True

    def worst_price(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return 0: these servers are one's own."""
        return 0.0

    async def prompt_tokens(self, request: Request) -> int | None:
        """Return what the server's own tokenizer and template make of the messages."""
        if picture_count(request.messages):
            return None
        endpoint = await self.upstream.pick(None)
        failure: RequestError | None = None
        try:
            return len(await self._tokenize(endpoint, request.messages))
        except RequestError as error:
            failure = error
            return None
        finally:
            self.upstream.done(endpoint, failure)

    async def fingerprints(self) -> tuple[str, str] | None:
        """Return short hashes of the token ids of a fixed text and of a fixed conversation.

        The first changes with the tokenizer, the second also with the chat template; equal ones
        mean that both servers make the same ids, whatever their engines. None when the server
        cannot be asked.
        """
        endpoint = await self.upstream.pick(None)
        failure: RequestError | None = None
        try:
            if endpoint not in self._fingerprints:
                made = [await self._tokenize(endpoint, told) for told in (_PROBE, _CONVERSATION)]
                texts = [",".join(map(str, ids)).encode() for ids in made]
                plain, filled = [hashlib.sha256(text).hexdigest()[:12] for text in texts]
                self._fingerprints[endpoint] = plain, filled
            return self._fingerprints[endpoint]
        except RequestError as error:
            failure = error
            return None
        finally:
            self.upstream.done(endpoint, failure)

    async def _tokenize(self, endpoint: Endpoint, told: str | list[dict[str, Any]]) -> list[int]:
        """Return the ids of a bare text, or of messages in the template."""
        if endpoint.engine == "vllm":
            key = "prompt" if isinstance(told, str) else "messages"
            body: dict[str, Any] = {"model": endpoint.model, key: told}
            if isinstance(told, str):
                body["add_special_tokens"] = False
        elif isinstance(told, str):
            body = {"content": told}
        else:
            filled = await self._post(endpoint, "/apply-template", {"messages": told}, 30)
            body = {"content": filled["prompt"], "add_special": True, "parse_special": True}
        answer = await self._post(endpoint, "/tokenize", body, 30)
        return [int(token) for token in answer["tokens"]]

    async def complete(self, request: Request, timeout: float) -> Reply:
        """Ask once."""
        endpoint = await self.upstream.pick(request)
        failure: RequestError | None = None
        try:
            if endpoint.engine == "llama.cpp" and picture_count(request.messages):
                raise ModelError(
                    "the embedded model reads text only; name a model that reads pictures"
                )
            greedy = request.sampling.get("temperature") == 0
            if endpoint.engine == "llama.cpp" and not greedy:
                raw = await self._complete_llama(endpoint, request, timeout)
            else:
                body = _body(endpoint, request)
                if greedy:
                    body.pop("n", None)
                raw = await self._post(endpoint, "/v1/chat/completions", body, timeout)
                if greedy and request.n > 1:
                    # Greedy answers are all the same: vLLM refuses to give several.
                    first = raw["choices"][0]
                    raw["choices"] = [first | {"index": i} for i in range(request.n)]
            if request.logprobs and raw.get("prompt_token_ids") is None:
                raw["prompt_token_ids"] = await self._tokenize(endpoint, request.messages)
        except RequestError as error:
            failure = error
            raise
        finally:
            self.upstream.done(endpoint, failure)
        return Reply(raw, 0.0, f"{endpoint.engine} {endpoint.url}")

    async def _complete_llama(
        self, endpoint: Endpoint, request: Request, timeout: float
    ) -> dict[str, Any]:
        if picture_count(request.messages):
            raise ModelError("the embedded model reads text only; name a model that reads pictures")
        # llama.cpp counts the tokens of one answer only when n > 1, and refuses an n above its
        # slots: so n answers are n requests, which share the prompt in its cache.
        bodies = []
        for number in range(request.n):
            body = _body(endpoint, request)
            body.pop("n", None)
            if request.n > 1 and "seed" in body:
                body["seed"] = body["seed"] + number
            bodies.append(body)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._post(endpoint, "/v1/chat/completions", body, timeout))
                    for body in bodies
                ]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        raw = tasks[0].result()
        for number, task in enumerate(tasks[1:], start=1):
            other = task.result()
            raw["choices"].append({**other["choices"][0], "index": number})
            raw["usage"]["completion_tokens"] += other["usage"]["completion_tokens"]
        return raw

    async def _post(
        self, endpoint: Endpoint, path: str, body: dict[str, Any], timeout: float
    ) -> dict[str, Any]:
        import httpx

        try:
            async with asyncio.timeout(timeout):
                response = await self._client().post(
                    endpoint.url + path,
                    content=json.dumps(body).encode(),
                    headers={
                        # A server that was added may want none, and an empty one is no header.
                        **({"authorization": f"Bearer {endpoint.token}"} if endpoint.token else {}),
                        "content-type": "application/json",
                    },
                )
        except (TimeoutError, httpx.ReadTimeout) as error:
            raise ModelTimeout(
                f"{endpoint.model} gave no answer within {timeout:g} s; raise timeout= or ask "
                "for less",
                retry=True,
                sent=True,
            ) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise RequestError(
                f"{endpoint.model} at {endpoint.url} cannot be reached ({error})", retry=True
            ) from error
        except httpx.HTTPError as error:
            raise RequestError(
                f"{endpoint.model} at {endpoint.url} broke off ({type(error).__name__} {error})",
                retry=True,
                sent=True,
            ) from error
        if response.status_code != 200:
            raise RequestError(
                f"{endpoint.model} at {endpoint.url} answered {response.status_code}: "
                f"{_message(response)}",
                retry=passing(response.status_code),
                after=retry_after(response.headers),
                status=response.status_code,
            )
        answer: dict[str, Any] = response.json()
        return answer

    def _client(self) -> httpx.AsyncClient:
        import httpx

        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            # No proxies: the servers are on loopback or named by the user. No read timeout of
            # its own: the whole call has one.
            client = httpx.AsyncClient(
                timeout=httpx.Timeout(None, connect=10.0),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
                trust_env=False,
            )
            self._clients[loop] = client
        return client

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()


def _body(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": request.messages,
        **request.sampling,
    }
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": request.schema},
        }
    if request.tools:
        body["tools"] = request.tools
    if endpoint.engine == "vllm":
        if body.get("top_k") == 0:
            body["top_k"] = -1
        body["return_token_ids"] = True
        if request.logprobs:
            body |= {"logprobs": True, "top_logprobs": 0}
    elif request.logprobs:
        body |= {"logprobs": True, "top_logprobs": 1}
    return body


def _message(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return response.text[:500]
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    return str(error.get("message", error) if isinstance(error, dict) else error)[:500]
