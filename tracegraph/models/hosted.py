"""Hosted models through litellm, which is loaded at the first call."""

from __future__ import annotations

import asyncio
import functools
import os
from typing import Any

from tracegraph.models.bridge import Bridge
from tracegraph.models.errors import ModelError, ModelTimeout, RequestError
from tracegraph.models.request import Request
from tracegraph.models.retry import passing, retry_after
from tracegraph.models.schema import strict
from tracegraph.models.transport import Reply

# Providers whose strict mode needs closed objects with all fields required.
_STRICT = ("openai", "azure")

# Names of errors in a chain: the request never left; it left and no answer came.
_UNSENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ClientConnectorError"})
_BROKEN = frozenset({"ReadError", "RemoteProtocolError", "WriteError", "ServerDisconnectedError"})


def load_litellm() -> Any:
    """Import litellm without letting it fetch its price list, and return it."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    litellm.suppress_debug_info = True
    return litellm


@functools.cache
def _home() -> Bridge:
    """Return the one loop in which litellm runs.

    litellm binds its own background work to the loop of the first call and complains in, or
    loses work on, every other one. It has one state a process, so it gets one loop a process.
    """
    return Bridge()


class HostedTransport:
    """A model that litellm knows, such as `openai/gpt-4.1-mini` or `hosted_vllm/NAME`.

    Args:
        model: litellm's model string.
        price: dollars a prompt token and a completion token, for models that litellm's table
            does not know; (0, 0) for servers of one's own.
        options: passed to litellm with every call, such as `api_base` and `api_key`.
    """

    def __init__(
        self, model: str, *, price: tuple[float, float] | None = None, **options: Any
    ) -> None:
        self.model = model
        self._options = options
        self._price = price
        self._constrains: bool | None = None
        if price is None and model.startswith(("ollama/", "ollama_chat/", "hosted_vllm/")):
            self._price = (0.0, 0.0)

    @property
    def free(self) -> bool:
        """Whether this is a server of one's own."""
        return self._price == (0.0, 0.0)

    def constrains_to(self, schema: dict[str, Any]) -> bool:
        """Whether litellm knows that the provider enforces JSON schemas; objects only."""
        if schema.get("type") != "object":
            return False  # providers want an object at the top
        if self._constrains is None:
            litellm = load_litellm()
            own = self.model.startswith(("hosted_vllm/", "ollama"))
            self._constrains = own or bool(litellm.supports_response_schema(model=self.model))
        return self._constrains

    def capacity(self, wanted: int) -> int:
        """Return a number in flight that usual rate limits bear."""
        return 16

    def worst_price(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return the most that this many tokens can cost, by litellm's table.

        Raises:
            ModelError: the table does not know the model.
        """
        if self._price is not None:
            return prompt_tokens * self._price[0] + completion_tokens * self._price[1]
        litellm = load_litellm()
        try:
            info = litellm.get_model_info(self.model)
        except Exception as error:
            raise ModelError(
                f"the price of {self.model} is not known, so no dollars can be budgeted; give "
                "price=(dollars a prompt token, dollars a completion token)"
            ) from error
        # The dearest of each kind: cache writes and long contexts cost more than the plain rate.
        read = max(_prices(info, "input_cost_per_token", "cache_creation_input_token_cost"))
        write = max(_prices(info, "output_cost_per_token", "output_cost_per_reasoning_token"))
        return prompt_tokens * read + completion_tokens * write

    async def prompt_tokens(self, request: Request) -> int | None:
        """Return None: hosted tokenizers can only be estimated, and a limit is no estimate."""
        return None

    async def complete(self, request: Request, timeout: float) -> Reply:
        """Ask once."""
        litellm = load_litellm()
        arguments: dict[str, Any] = {**request.sampling, **self._options}
        if request.schema is not None and self.constrains_to(request.schema):
            closed = self.model.split("/")[0] in _STRICT or "/" not in self.model
            arguments["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "schema": strict(request.schema) if closed else request.schema,
                    "strict": closed,
                },
            }
        if request.logprobs:
            arguments["logprobs"] = True
        if request.tools:
            arguments["tools"] = request.tools
        try:
            async with asyncio.timeout(timeout):
                response = await _home().call(
                    litellm.acompletion(
                        model=self.model,
                        messages=request.messages,
                        timeout=timeout,
                        num_retries=0,
                        max_retries=0,
                        drop_params=True,
                        **arguments,
                    )
                )
        except Exception as error:
            raise explain(self.model, error, timeout) from error
        raw = response.model_dump(mode="json")
        return Reply(raw, self._cost(litellm, response, raw), self.model)

    async def embed(self, texts: list[str], timeout: float) -> tuple[list[list[float]], int, float]:
        """Return an embedding a text, the tokens used, and their price in dollars."""
        litellm = load_litellm()
        try:
            response = await _home().call(
                litellm.aembedding(
                    model=self.model, input=texts, timeout=timeout, max_retries=0, **self._options
                )
            )
        except Exception as error:
            raise explain(self.model, error, timeout) from error
        raw = response.model_dump(mode="json")
        ordered = sorted(raw["data"], key=lambda item: item["index"])
        used = int((raw.get("usage") or {}).get("prompt_tokens") or 0)
        return [item["embedding"] for item in ordered], used, self._cost(litellm, response, raw)

    async def aclose(self) -> None:
        """Do nothing: litellm keeps its own connections."""

    def _cost(self, litellm: Any, response: Any, raw: dict[str, Any]) -> float:
        usage = raw.get("usage") or {}
        if self._price is not None:
            return self.worst_price(
                int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
            )
        try:
            return float(litellm.completion_cost(completion_response=response, model=self.model))
        except Exception:
            return 0.0  # a model without a price; where dollars are limited it is refused before


def explain(model: str, error: Exception, timeout: float) -> Exception:
    """Return our error for one of litellm's: what failed, and whether to try again."""
    if isinstance(error, TimeoutError) or type(error).__name__ == "Timeout":
        return ModelTimeout(
            f"{model} gave no answer within {timeout:g} s; raise timeout= or ask for less",
            retry=True,
            sent=True,
        )
    status = getattr(error, "status_code", None)
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None) or {}
    name = type(error).__name__
    text = str(error).split("\n")[0][:500]
    causes = _causes(error)
    if causes & _UNSENT:
        return RequestError(f"{model} cannot be reached: {text}", retry=True)
    if causes & _BROKEN or name == "APIConnectionError":
        return RequestError(f"{model} broke off: {text}", retry=True, sent=True)
    if not isinstance(status, int):
        return ModelError(f"{model} cannot be asked ({name}): {text}")
    if "Missing credentials" in text:  # litellm calls it a fault of the server, which may pass
        return RequestError(
            f"{model} has no key: set it, for example OPENAI_API_KEY", retry=False, status=401
        )
    hint = {
        400: "; name models as PROVIDER/NAME, local or vllm:NAME" if "LLM Provider" in text else "",
        401: "; set its key, for example OPENAI_API_KEY",
        403: "; this key may not use it",
        404: "; is the model's name right?",
    }.get(status, "")
    return RequestError(
        f"{model} answered {status} ({name}): {text}{hint}",
        retry=passing(status),
        after=retry_after(headers),
        status=status,
    )


def _causes(error: BaseException) -> set[str]:
    """Return the type names along an error's chain: litellm gives a lost connection a status."""
    names: set[str] = set()
    link: BaseException | None = error
    for _ in range(20):
        if link is None:
            break
        names.add(type(link).__name__)
        link = link.__cause__ or link.__context__
    return names


def _prices(info: Any, *names: str) -> list[float]:
    return [
        float(value)
        for key, value in info.items()
        if isinstance(value, (int, float)) and any(key.startswith(name) for name in names)
    ] or [0.0]
