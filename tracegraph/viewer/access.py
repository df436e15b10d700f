"""Who may see the pages, and what the pages may do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracegraph.errors import TracegraphError
from tracegraph.training.report.markup import tag

# No script and no style that is not a file of this server: what a model wrote cannot run, also
# where a page forgot to escape it.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Not "no-referrer": with it browsers send forms with the origin "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LONGEST_FORM = 100_000  # bytes


class Access:
    """Lets requests pass that name a known host and show the token; writes must come from here.

    Args:
        app: what is behind it.
        token: None lets everybody in.
        hosts: the names of this server.
    """

    def __init__(self, app: ASGIApp, *, token: str | None, hosts: Sequence[str]) -> None:
        self.app = app
        self.token = token
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request, and pass the others on with the policy in the answer."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers.setdefault("Cache-Control", "no-store")
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(HTTPConnection(scope), scope["method"])
        await (refused or self.app)(scope, receive, send_guarded)

    def _refusal(self, asked: HTTPConnection, method: str) -> Response | None:
        if (urlsplit(f"//{asked.headers.get('host', '')}").hostname or "") not in self.hosts:
            return PlainTextResponse("this name of the server is not known", 421)
        if method not in ("GET", "HEAD") and not _from_here(asked.headers, asked.url.scheme):
            return PlainTextResponse("this must come from a page of this server", 403)
        if self.token is None or asked.url.path.startswith("/static/"):
            return None
        cookie = f"tracegraph-{asked.url.port or 80}"  # cookies do not tell ports apart
        shown = asked.query_params.get("token")
        if shown is not None and method == "GET":
            if _same(shown, self.token):
                return self._admitted(asked, cookie)
            return PlainTextResponse("this token is not the one that was printed", 403)
        if _same(asked.cookies.get(cookie, ""), self.token):
            return None
        return PlainTextResponse("open the address that `tracegraph view` printed", 401)

    def _admitted(self, asked: HTTPConnection, cookie: str) -> Response:
        """Return a page that goes on to the same address without the token.

        Not a redirect: after a click in another site, a strict cookie is not sent along one.
        """
        assert self.token is not None
        query = [pair for pair in parse_qsl(asked.url.query) if pair[0] != "token"]
        to = "/" + asked.url.path.lstrip("/") + (f"?{urlencode(query)}" if query else "")
        onward = tag("meta", http_equiv="refresh", content=f"0; url={to}")
        icon = tag("link", rel="icon", href="/static/icon.svg")
        response = HTMLResponse(f"<!doctype html>\n{tag('title', 'tracegraph')}{icon}{onward}")
        response.set_cookie(cookie, self.token, httponly=True, samesite="strict", path="/")
        return response


def form_token(request: Request) -> str:
    """Return what a form must carry in its field ``csrf``."""
    secret: str = request.app.state.secret
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


async def posted(request: Request) -> dict[str, str]:
    """Return the fields of a form that came from one of our pages.

    Raises:
        TracegraphError: it did not, or is too long.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise TracegraphError(f"a form has at most {_LONGEST_FORM:,} bytes")
    fields = {
        name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()
    }
    if not _same(fields.pop("csrf", ""), form_token(request)):
        raise TracegraphError("the form is out of date: load the page again and repeat it")
    return fields


def _from_here(headers: Headers, scheme: str) -> bool:
    return headers.get("origin") == f"{scheme}://{headers.get('host')}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
