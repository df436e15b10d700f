"""Language models: one client for hosted, embedded and self-served ones.

>>> from tracegraph.models import LLM
>>> LLM("local").complete_sync("Name a colour.").text  # doctest: +SKIP
'Blue'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.models.budget import Amount, Budget, Limits, Reservation
    from tracegraph.models.cache import Cache
    from tracegraph.models.cassette import Cassette
    from tracegraph.models.client import LLM
    from tracegraph.models.errors import (
        BudgetExceeded,
        CassetteError,
        DownloadError,
        ModelError,
        ModelTimeout,
        RequestError,
        SchemaError,
        ServerError,
    )
    from tracegraph.models.messages import as_messages, image, video
    from tracegraph.models.names import default_model
    from tracegraph.models.retry import RetryPolicy
    from tracegraph.models.scope import surround
    from tracegraph.models.types import Choice, Completion, Usage

__all__ = [
    "LLM", "Completion", "Choice", "Usage", "default_model",
    "image", "video", "as_messages",
    "Budget", "Reservation", "Amount", "Limits", "surround",
    "Cache", "Cassette", "RetryPolicy",
    "ModelError", "BudgetExceeded", "SchemaError", "RequestError", "ModelTimeout",
    "CassetteError", "DownloadError", "ServerError",
]  # fmt: skip

_HOMES = {
    "budget": ("Amount", "Budget", "Limits", "Reservation"),
    "cache": ("Cache",),
    "cassette": ("Cassette",),
    "client": ("LLM",),
    "errors": (
        "BudgetExceeded", "CassetteError", "DownloadError", "ModelError", "ModelTimeout",
        "RequestError", "SchemaError", "ServerError",
    ),
    "messages": ("as_messages", "image", "video"),
    "names": ("default_model",),
    "retry": ("RetryPolicy",),
    "scope": ("surround",),
    "types": ("Choice", "Completion", "Usage"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
