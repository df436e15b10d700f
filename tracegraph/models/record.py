"""What the run store keeps of each call."""

from __future__ import annotations

from typing import Any

from tracegraph import runs
from tracegraph.models.request import Request, for_the_record
from tracegraph.models.transport import Reply
from tracegraph.runs import Call, Pending, Store


class Recorder:
    """Writes calls into the given store, else the surrounding run's, else the project's.

    Args:
        store: a store, None for the rule above, or False to keep no record.
    """

    def __init__(self, store: Store | bool | None) -> None:
        self._given = store
        self._own: Store | None = None

    def write(
        self, call: Call, request: Request | None, reply: Reply | None
    ) -> Pending[int] | None:
        """Write a call with its messages and answer; pictures are kept once, as blobs."""
        scope = runs.current()
        store = self._store(scope)
        if store is None:
            return None
        if scope is not None and call.run is None:
            call.run = scope.run.id
        if request is not None:
            messages, blobs = for_the_record(request.messages)
            for data, media_type in blobs.values():
                runs.add_blob(store, data, media_type)
            call.payload = {"messages": messages, "sampling": request.sampling}
            if request.schema is not None:
                call.payload["schema"] = request.schema
        if reply is not None:
            call.payload["answer"] = _answer(reply.raw)
            call.payload["server"] = reply.server
        return runs.add_call(store, call)

    def _store(self, scope: Any) -> Store | None:
        if self._given is False:
            return None
        if isinstance(self._given, Store):
            return self._given
        if scope is not None:
            found: Store = scope.store
            return found
        if self._own is None:
            self._own = Store()
        return self._own

    def close(self) -> None:
        """Close the store if it was opened here."""
        if self._own is not None:
            self._own.close()
            self._own = None


def _answer(raw: dict[str, Any]) -> list[dict[str, Any]]:
    # Log-probabilities and token ids belong to episodes, which keep them once.
    return [
        {"message": choice.get("message"), "finish_reason": choice.get("finish_reason")}
        for choice in raw.get("choices") or []
    ]
