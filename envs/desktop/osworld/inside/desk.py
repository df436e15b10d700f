"""The desktop as the package's getters know it: its controller and the `requests` that it uses.

Every request goes to the process that started this one, as a line of JSON; so does its answer.
"""

from __future__ import annotations

import base64
import json
import types
from pathlib import Path
from typing import IO, Any

HOST, PORT = "desktop", 5000


class RequestError(Exception):
    """A request had no answer."""


class Broken(BaseException):
    """The desktop failed, which is no result; not an Exception, so that no getter hides it."""


class Line:
    """The line to the process that started this one."""

    def __init__(self, reader: IO[str], writer: IO[str]) -> None:
        self._reader, self._writer = reader, writer

    def say(self, told: dict[str, Any]) -> None:
        """Send an object."""
        self._writer.write(json.dumps(told) + "\n")
        self._writer.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for an object."""
        line = self._reader.readline()
        if not line:
            raise SystemExit(1)
        told: dict[str, Any] = json.loads(line)
        return told


class Answer:
    """An answer, with what the package reads of it."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.status_code = int(told["status"])
        self.content = base64.b64decode(told["body"])
        self.headers: dict[str, str] = {}

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the content as JSON."""
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raise RequestError for an error."""
        if self.status_code >= 400:
            raise RequestError(f"status {self.status_code}")

    def iter_content(self, **_: Any) -> list[bytes]:
        """Return the content as one block, whatever size is asked for."""
        return [self.content]


class Requests(types.ModuleType):
    """`requests` with `get` and `post`.

    Attributes:
        absent: whether a file that was asked for is not there.
    """

    Response = Answer
    RequestException = RequestError

    def __init__(self, line: Line) -> None:
        super().__init__("requests")
        self._line = line
        self.absent = False
        self.exceptions = types.SimpleNamespace(
            RequestException=RequestError, ReadTimeout=RequestError, Timeout=RequestError,
            ConnectionError=RequestError, HTTPError=RequestError,
        )  # fmt: skip

    def get(self, url: str, **given: Any) -> Answer:
        """Ask for something."""
        return self._send("GET", url, given)

    def post(self, url: str, **given: Any) -> Answer:
        """Send something."""
        return self._send("POST", url, given)

    def _send(self, method: str, url: str, given: dict[str, Any]) -> Answer:
        asked = {"method": method, "url": url, "json": given.get("json"), "data": given.get("data")}
        self._line.say({"ask": asked})
        told = self._line.hear()
        if "broken" in told:
            raise Broken(told["broken"])
        answer = Answer(told)
        if answer.status_code == 404 and url.endswith("/file"):
            self.absent = True
        return answer


def desktop(controller: Any, cache: Path, size: tuple[int, int]) -> types.SimpleNamespace:
    """Return what getters take as ``env``."""
    # One question is enough: the line loses nothing, and another try would be the same.
    controller.retry_times, controller.retry_interval = 1, 0
    return types.SimpleNamespace(
        controller=controller, cache_dir=str(cache), cache_dir_base=str(cache),
        vm_ip=HOST, server_port=PORT, chromium_port=9222, vlc_port=8080, vnc_port=8006,
        vm_platform="Linux", vm_machine="x86_64",
        vm_screen_size={"width": size[0], "height": size[1]},
        client_password="password", current_use_proxy=False, enable_proxy=False,
    )  # fmt: skip
