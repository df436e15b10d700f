"""Messages with descriptors over a unix socket: one JSON object a packet."""

from __future__ import annotations

import array
import json
import os
import socket
from typing import Any

# The kernel refuses larger packets with its default limits.
LARGEST = 180_000
_MOST_DESCRIPTORS = 16
_FD_SIZE = array.array("i").itemsize


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected ends; neither is inherited by programs that are started."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(
    sock: socket.socket, message: dict[str, Any], descriptors: list[int] | None = None
) -> None:
    """Send one message; raises ValueError when it is too large, OSError when the peer is gone."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > LARGEST:
        raise ValueError(f"the message is {len(data)} bytes long; at most {LARGEST} fit")
    socket.send_fds(sock, [data], descriptors or [])


def receive(sock: socket.socket, flags: int = 0) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message and its descriptors, or None when the peer is gone.

    The peer may be hostile: what is no JSON object ends the conversation, and descriptors that
    came with it are closed.
    """
    try:
        data, ancillary, _, _ = sock.recvmsg(
            LARGEST + 1, socket.CMSG_SPACE(_MOST_DESCRIPTORS * _FD_SIZE), flags | _CLOEXEC
        )
    except ConnectionResetError:
        return None
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % _FD_SIZE])
    try:
        message = json.loads(data) if data else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        close(list(descriptors))
        return None
    return message, list(descriptors)


def close(descriptors: list[int]) -> None:
    """Close them all."""
    for descriptor in descriptors:
        os.close(descriptor)


_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0x40000000)
