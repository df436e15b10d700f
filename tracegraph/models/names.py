"""From a model's name to the way to it."""

from __future__ import annotations

import os

from tracegraph.models.errors import ModelError
from tracegraph.models.transport import Transport

# A small and cheap model for each key that people have.
_BY_KEY = (
    ("OPENAI_API_KEY", "openai/gpt-4.1-mini"),
    ("ANTHROPIC_API_KEY", "anthropic/claude-haiku-4-5"),
    ("GEMINI_API_KEY", "gemini/gemini-2.5-flash"),
)


def default_model() -> str:
    """Return $TRACEGRAPH_MODEL, else a small model of the first key that is set, else `local`."""
    if named := os.environ.get("TRACEGRAPH_MODEL"):
        return named
    return next((model for key, model in _BY_KEY if os.environ.get(key)), "local")


def make_transport(
    model: str,
    *,
    price: tuple[float, float] | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
) -> Transport:
    """Return the transport that a model string names; nothing is started or loaded yet.

    Raises:
        ModelError: the name is empty.
    """
    kind, _, name = model.partition(":")
    if kind == "local":
        from tracegraph.models.local.upstream import LocalUpstream
        from tracegraph.models.served import ServedTransport

        return ServedTransport(LocalUpstream(name))
    if kind == "vllm":
        from tracegraph.models.served import ServedTransport
        from tracegraph.models.vllm.pool import Pool

        return ServedTransport(Pool(name))
    if not model:
        raise ModelError("the model has no name; use `local` or a string such as openai/NAME")
    from tracegraph.models.hosted import HostedTransport

    options = {"api_base": base_url, "api_key": api_key}
    given = {key: value for key, value in options.items() if value is not None}
    return HostedTransport(model, price=price, **given)
