"""Cassettes: answers of a real model, recorded once and replayed in tests."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextvars import ContextVar, Token
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from tracegraph.models.errors import CassetteError
from tracegraph.models.request import Request, for_the_record
from tracegraph.models.transport import Reply, Transport

Mode = Literal["replay", "record", "auto"]

_VERSION = 1
_current: ContextVar[Cassette | None] = ContextVar("tracegraph_cassette", default=None)


class Cassette:
    """A JSON file of requests and the replies that they got.

    In mode `replay` nothing is sent, and a request that is not on the cassette is an error; in
    `record` everything is asked again and the file written anew; `auto` replays what is there
    and records the rest. A request that was recorded several times is replayed in that order;
    a repeatable one (greedy, or with a seed) that is asked more often gets its last reply
    again.

    Headers and keys never reach a cassette: it holds the question and the answer only. Keys of
    the environment that stand in a message are refused.

        with Cassette("tests/cassettes/greeting.json", mode="auto"):
            answer = await LLM("local").complete("Say hello.")

    Args:
        path: the file.
        mode: see above; None reads $TRACEGRAPH_CASSETTE, else `replay`.
    """

    def __init__(self, path: str | os.PathLike[str], mode: Mode | None = None) -> None:
        chosen = mode or os.environ.get("TRACEGRAPH_CASSETTE") or "replay"
        if chosen not in ("replay", "record", "auto"):
            raise CassetteError(f"a cassette's mode is replay, record or auto, not {chosen!r}")
        self.path = Path(path)
        self.mode: Mode = chosen  # type: ignore[assignment]
        self._lock = threading.Lock()
        self._tracks: dict[str, dict[str, Any]] = {}
        self._played: dict[str, int] = {}
        self._tokens: list[Token[Cassette | None]] = []
        self._new = False
        if self.mode != "record":
            self._load()

    def _load(self) -> None:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if self.mode == "auto":
                return
            raise CassetteError(
                f"there is no cassette {self.path}; record it with a real model by "
                "TRACEGRAPH_CASSETTE=auto"
            ) from None
        except (OSError, ValueError) as error:
            raise CassetteError(f"the cassette {self.path} cannot be read: {error}") from error
        if content.get("version") != _VERSION:
            raise CassetteError(f"the cassette {self.path} is of another version; record it anew")
        self._tracks = content["requests"]

    def play(self, request: Request) -> dict[str, Any] | None:
        """Return the next recorded reply to a request, or None when it is to be recorded.

        Raises:
            CassetteError: in mode `replay`, when there is none.
        """
        if self.mode == "record":
            return None
        with self._lock:
            track = self._tracks.get(request.hash)
            replies = track["replies"] if track else []
            number = self._played.get(request.hash, 0)
            if number >= len(replies) and replies and request.repeatable:
                number = len(replies) - 1
            if number < len(replies):
                self._played[request.hash] = number + 1
                found: dict[str, Any] = replies[number]
                return found
        if self.mode == "auto":
            return None
        last = str(request.messages[-1].get("content"))[:300]
        raise CassetteError(
            f"{self.path} has no {'further ' if replies else ''}reply to this request of "
            f"{request.model} (it ends in {last!r}); if the change is meant, record it with "
            "TRACEGRAPH_CASSETTE=auto"
        )

    def add(self, request: Request, raw: Mapping[str, Any]) -> None:
        """Put a reply on the cassette and write the file."""
        messages, _ = for_the_record(request.messages)
        track = {
            "model": request.model,
            "messages": messages,
            "sampling": request.sampling,
            **({"schema": request.schema} if request.schema is not None else {}),
        }
        self._refuse_secrets(json.dumps([track, raw]))
        with self._lock:
            entry = self._tracks.setdefault(request.hash, {**track, "replies": []})
            entry["replies"].append(dict(raw))
            self._played[request.hash] = len(entry["replies"])
            self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        content = {"version": _VERSION, "requests": self._tracks}
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
        partial.replace(self.path)

    def _refuse_secrets(self, text: str) -> None:
        for name, value in os.environ.items():
            secret = name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD"))
            if secret and len(value) >= 8 and value in text:
                raise CassetteError(
                    f"the value of ${name} stands in this request or reply; it is not written "
                    f"to {self.path}"
                )

    def __enter__(self) -> Cassette:
        self._tokens.append(_current.set(self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _current.reset(self._tokens.pop())


def current() -> Cassette | None:
    """Return the cassette of the surrounding `with`, if any."""
    return _current.get()


async def complete(
    cassette: Cassette, transport: Transport, request: Request, timeout: float
) -> Reply:
    """Answer from the cassette, or from the transport and put the reply on the cassette."""
    raw = cassette.play(request)
    if raw is not None:
        return Reply(raw, 0.0, f"cassette {cassette.path.name}")
    reply = await transport.complete(request, timeout)
    slim = {key: value for key, value in reply.raw.items() if key in _KEPT and value is not None}
    cassette.add(request, slim)
    return reply


# What an answer is made of; ids, times and paths would only make cassettes differ.
_KEPT = frozenset({"choices", "usage", "prompt_token_ids"})
