"""The server: one process, on the loopback interface unless told otherwise."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from tracegraph.errors import TracegraphError
from tracegraph.viewer.app import LOCAL, make_app


def serve(
    store: Path | None,
    *,
    host: str = "127.0.0.1",
    port: int = 8265,
    token: str | None,
    names: Sequence[str] = (),
    graph: Path | None = None,
    ready: Callable[[str], None],
) -> None:
    """Show a store until Ctrl-C.

    Args:
        store: the file; None for the project's own.
        host: the address to listen on.
        port: 0 for a free one; a free one is taken as well when it is in use.
        token: None lets everybody in who reaches the port.
        names: under which this machine is called, besides localhost and the host.
        graph: the file of a graph; its page is opened in place of the list of runs.
        ready: gets the address to open, once the port listens.

    Raises:
        TracegraphError: the address cannot be listened on.
    """
    app = make_app(store, token, hosts=[*LOCAL, host, *names], graph=graph)
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    query = f"?token={token}" if token else ""
    place = "graphs/file" if graph else ""
    ready(f"http://{shown}:{listening.getsockname()[1]}/{place}{query}")
    settings = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, ws="none",
        server_header=False,
    )  # fmt: skip
    try:
        uvicorn.Server(settings).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in dict.fromkeys((port, 0)):
        opened = socket.socket(family)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((host, number))
            opened.listen(128)
        except OSError as error:
            opened.close()
            if number == 0:
                raise TracegraphError(f"{host} cannot be listened on ({error})") from error
        else:
            return opened
    raise TracegraphError(f"{host} has no free port")
