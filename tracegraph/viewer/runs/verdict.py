"""A person's say about a change that waits."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracegraph.errors import TracegraphError
from tracegraph.training.gate import pending, speak
from tracegraph.viewer.access import posted
from tracegraph.viewer.data import run_of, store_of
from tracegraph.viewer.marks import run_path


async def verdict(request: Request) -> Response:
    """Approve or reject the candidate that the form was about, and go back to the run."""
    fields = await posted(request)
    said, reason = fields.get("verdict", ""), fields.get("reason", "").strip()
    if said not in ("approve", "reject"):
        raise TracegraphError("the verdict is approve or reject")
    store, run = store_of(request), run_of(request)
    waits = pending(store, run.id)
    if waits is None or str(waits["candidate"]) != fields.get("candidate"):
        raise TracegraphError("this candidate no longer waits: load the page of the run again")
    await asyncio.to_thread(speak, store, run.id, approved=said == "approve", reason=reason)
    return RedirectResponse(run_path(run.id), 303)
