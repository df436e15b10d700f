"""The MCP server of an environment: over standard input and output, or over HTTP on loopback."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tracegraph._version import __version__
from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.integrations.mcp.sessions import Sessions
from tracegraph.integrations.mcp.tools import Shown, Tool, Toolbox

if TYPE_CHECKING:
    from mcp.server import Server
    from mcp_types import CallToolResult
    from starlette.types import ASGIApp

_NAME = "session"
_SESSION = {"type": "string", "description": "As open_session told it."}


def make_server(
    make: Callable[[str], Toolbox],
    *,
    name: str = "tracegraph",
    named: bool = False,
    most: int = 1,
    idle: float = 1800.0,
) -> Server[Sessions]:
    """Return a server of the MCP SDK that offers an environment.

    Args:
        make: makes an environment, not yet open, for the name of a session.
        name: what clients show.
        named: whether clients open sessions by name, as they must where one server has several
            clients; else there is one environment, which opens with the first call.
        most: environments at once.
        idle: seconds after which an unused one is closed.

    Raises:
        MissingExtraError: the SDK is not installed.
    """
    try:
        import mcp_types as types
        from mcp.server import Server
    except ImportError as error:
        raise MissingExtraError("mcp", "mcp") from error
    sample = make("")
    listed = [_listed(tool, named) for tool in sample.tools]
    if named:
        listed += [
            ("open_session", "Begin with an environment of your own.", _object({})),
            ("close_session", "End an environment.", _object({_NAME: _SESSION})),
        ]

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[Sessions]:
        async with Sessions(make, most=most, idle=idle).kept() as sessions:
            yield sessions

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(name=title, description=about, input_schema=schema)
                for title, about, schema in listed
            ]
        )

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> CallToolResult:
        sessions: Sessions = context.lifespan_context
        shown = await _called(sessions, params.name, params.arguments or {}, named)
        content: list[types.ContentBlock] = [types.TextContent(text=shown.text)]
        content += [
            types.ImageContent(data=base64.b64encode(picture).decode(), mime_type="image/png")
            for picture in shown.pictures
        ]
        return types.CallToolResult(content=content, is_error=shown.failed)

    return Server(
        name,
        version=__version__,
        instructions=sample.instructions,
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(server: Server[Sessions]) -> None:
    """Serve one client until it closes standard input; then the environment is closed."""
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def http_app(server: Server[Sessions], token: str) -> ASGIApp:
    """Return the server as an ASGI application at ``/mcp`` that wants a bearer token.

    Requests must come to a loopback address, which keeps web pages of others out.

    Raises:
        TracegraphError: the token is empty.
    """
    if not token:
        raise TracegraphError("an MCP server over HTTP needs a token")
    app = server.streamable_http_app(json_response=True)

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not _knows(scope, token):
            from starlette.responses import Response

            refused = Response("a bearer token is needed", 401, {"WWW-Authenticate": "Bearer"})
            await refused(scope, receive, send)
            return
        await app(scope, receive, send)

    return guarded


async def _called(sessions: Sessions, tool: str, given: Mapping[str, Any], named: bool) -> Shown:
    if not named:
        return await sessions.call("", tool, given)
    if tool == "open_session":
        try:
            return Shown(sessions.begin())
        except TracegraphError as error:
            return Shown(str(error), failed=True)
    rest = dict(given)
    name = rest.pop(_NAME, None)
    if not isinstance(name, str) or not name:
        return Shown(f"{tool} needs a session: call open_session first", failed=True)
    if tool == "close_session":
        closed = await sessions.close(name)
        return Shown("closed" if closed else f"there is no open session {name!r}")
    return await sessions.call(name, tool, rest)


def _listed(tool: Tool, named: bool) -> tuple[str, str, dict[str, Any]]:
    if not named:
        return tool.name, tool.about, tool.schema
    schema = tool.schema
    properties = {_NAME: _SESSION, **schema["properties"]}
    return tool.name, tool.about, schema | {
        "properties": properties, "required": [_NAME, *schema["required"]],
    }  # fmt: skip


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties),
        "additionalProperties": False,
    }  # fmt: skip


def _knows(scope: Mapping[str, Any], token: str) -> bool:
    given = dict(scope["headers"]).get(b"authorization", b"")
    return hmac.compare_digest(given, f"Bearer {token}".encode())
