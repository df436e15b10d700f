"""A port of this machine to serve on."""

from __future__ import annotations

import socket

from tracegraph.errors import TracegraphError


def listen(port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1; 0 takes any free port.

    Raises:
        TracegraphError: the port cannot be had.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        why = error.strerror.partition(" (")[0] if error.strerror else str(error)
        raise TracegraphError(
            f"port {port} cannot be had ({why}): name another with --port, or 0 for any free one"
        ) from error
