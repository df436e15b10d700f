"""Isolation: run code that a model wrote where it can hurt nothing.

``Sandbox`` runs programs, ``Sandbox.workers`` calls functions in warm processes, ``CodeWorker``
does so synchronously and fast. docs/sandbox.md says what each layer stops.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.sandbox.code import CodeWorker, Handle
    from tracegraph.sandbox.codec import CodecError
    from tracegraph.sandbox.errors import (
        RemoteError,
        SandboxDisk,
        SandboxError,
        SandboxKilled,
        SandboxMemory,
        SandboxOutput,
        SandboxRefused,
        SandboxTimeout,
        SandboxUnavailable,
    )
    from tracegraph.sandbox.policy import Limits, Policy
    from tracegraph.sandbox.process import Process
    from tracegraph.sandbox.result import Answer, Result, Usage
    from tracegraph.sandbox.sandbox import Sandbox
    from tracegraph.sandbox.workers import Workers

_WHERE = {
    "Sandbox": "sandbox", "Policy": "policy", "Limits": "policy", "Process": "process",
    "Result": "result", "Answer": "result", "Usage": "result", "Workers": "workers",
    "CodeWorker": "code", "Handle": "code", "CodecError": "codec", "SandboxError": "errors",
    "SandboxUnavailable": "errors", "SandboxRefused": "errors", "SandboxTimeout": "errors",
    "SandboxKilled": "errors", "SandboxMemory": "errors", "SandboxOutput": "errors",
    "SandboxDisk": "errors",
    "RemoteError": "errors",
}  # fmt: skip

__all__ = [
    "Sandbox", "Policy", "Limits", "Process", "Result", "Answer", "Usage", "Workers",
    "CodeWorker", "Handle",
    "SandboxError", "SandboxUnavailable", "SandboxRefused", "SandboxTimeout", "SandboxKilled",
    "SandboxMemory", "SandboxOutput", "SandboxDisk", "RemoteError", "CodecError",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'tracegraph.sandbox' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tracegraph.sandbox.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
