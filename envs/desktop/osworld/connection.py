"""Requests to a server of OSWorld's protocol: what changes something is sent once."""

from __future__ import annotations

from typing import Any

import httpx

from tracegraph.envs.desktop.protocol import DesktopError

SECONDS = 30.0
_FORWARD_SECONDS = 150.0
_LOOKS = 2  # what changes nothing is asked again once


class Connection:
    """A connection to a server. Every method raises DesktopError when no good answer comes."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=SECONDS)

    async def close(self) -> None:
        """Close the connection; the desktop goes on."""
        await self._http.aclose()

    async def once(self, path: str, *, json: Any, seconds: float = SECONDS) -> dict[str, Any]:
        """Send JSON once and return the JSON object that comes back."""
        return as_object(check(await self.post(path, json=json, seconds=seconds)))

    async def post(self, path: str, *, seconds: float = SECONDS, **sent: Any) -> httpx.Response:
        """Send once."""
        try:
            return await self._http.post(path, timeout=seconds, **sent)
        except httpx.TimeoutException:
            raise DesktopError(
                f"{self.url}{path} did not answer in {seconds:g} s; what it did is not known"
            ) from None
        except httpx.HTTPError as error:
            raise DesktopError(f"{self.url}{path}: {error or type(error).__name__}") from error

    async def forward(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """Send a request of another client once; whatever is answered is its business."""
        try:
            return await self._http.request(method, path, timeout=_FORWARD_SECONDS, **sent)
        except httpx.HTTPError as error:
            raise DesktopError(f"{self.url}{path}: {error or type(error).__name__}") from error

    async def look(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """Ask for something that the question does not change; 404 is an answer."""
        for last in (*[False] * (_LOOKS - 1), True):
            try:
                told = await self._http.request(method, path, **sent)
            except httpx.HTTPError as error:
                if last:
                    raise DesktopError(f"{self.url}{path}: {error or type(error)}") from error
                continue
            if told.status_code < 500 or last:
                return told if told.status_code == 404 else check(told)
        raise AssertionError


def check(told: httpx.Response) -> httpx.Response:
    """Return an answer that is 200; raises DesktopError for others."""
    if told.status_code == 401:
        raise DesktopError("the server wants its token")
    if told.status_code != 200:
        raise DesktopError(f"{told.request.url.path}: {told.status_code} {told.text[:300]}")
    return told


def as_object(told: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    try:
        value = told.json()
    except ValueError as error:
        raise DesktopError(f"{told.request.url.path} answered no JSON") from error
    if not isinstance(value, dict):
        raise DesktopError(f"{told.request.url.path} answered no JSON object")
    return value
