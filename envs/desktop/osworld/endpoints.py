"""The endpoints of OSWorld's protocol that a desktop does not need, each a method."""

from __future__ import annotations

from typing import Any

from tracegraph.envs.desktop.osworld.connection import SECONDS, Connection, as_object, check
from tracegraph.envs.desktop.protocol import ExecResult

_OPEN_SECONDS = 1810.0  # a server may look for the window of a file for 1,800 s


class Endpoints(Connection):
    """What a server tells and does besides pictures, actions, programs and files."""

    async def platform(self) -> str:
        """Return the name of its system, as ``Linux``."""
        return check(await self.look("GET", "/platform")).text.strip()

    async def terminal(self) -> str | None:
        """Return the text of the terminal in front, or None."""
        told = as_object(check(await self.look("GET", "/terminal"))).get("output")
        return None if told is None else str(told)

    async def pointer(self) -> tuple[int, int]:
        """Return where the pointer is."""
        x, y = check(await self.look("GET", "/cursor_position")).json()
        return int(x), int(y)

    async def screen_size(self) -> tuple[int, int]:
        """Return width and height of the screen."""
        told = as_object(check(await self.look("POST", "/screen_size")))
        return int(told["width"]), int(told["height"])

    async def window_size(self, app: str) -> tuple[int, int]:
        """Return width and height of the window of an application, by its class."""
        sent = {"app_class_name": app}
        told = as_object(check(await self.look("POST", "/window_size", data=sent)))
        return int(told["width"]), int(told["height"])

    async def desktop_path(self) -> str:
        """Return the folder of the desktop."""
        return str(as_object(check(await self.look("POST", "/desktop_path")))["desktop_path"])

    async def wallpaper(self) -> bytes:
        """Return the wallpaper as PNG."""
        return check(await self.look("POST", "/wallpaper")).content

    async def list_directory(self, path: str) -> dict[str, Any]:
        """Return the tree of a folder: ``type``, ``name``, ``children``."""
        told = check(await self.look("POST", "/list_directory", json={"path": path}))
        found: dict[str, Any] = as_object(told)["directory_tree"]
        return found

    async def run_python(self, code: str) -> ExecResult:
        """Run Python on the desktop."""
        told = await self.once("/run_python", json={"code": code}, seconds=30 + SECONDS)
        return ExecResult(
            int(told["return_code"]), str(told.get("output", "")), str(told.get("error", ""))
        )

    async def run_bash_script(
        self, script: str, *, seconds: float = 30, folder: str | None = None
    ) -> ExecResult:
        """Run a script of bash on the desktop."""
        sent = {"script": script, "timeout": seconds, "working_dir": folder}
        told = await self.once("/run_bash_script", json=sent, seconds=seconds + SECONDS)
        return ExecResult(
            int(told["returncode"]), str(told.get("output", "")), str(told.get("error", ""))
        )

    async def execute_with_verification(
        self, command: list[str] | str, verification: dict[str, str], *, shell: bool = False,
        wait: float = 10, interval: float = 1,
    ) -> bool:  # fmt: skip
        """Run a command, then wait until what ``verification`` names is so; whether it is."""
        sent = {
            "command": command, "shell": shell, "verification": verification,
            "max_wait_time": wait, "check_interval": interval,
        }  # fmt: skip
        told = await self.post("/execute_with_verification", json=sent, seconds=wait + 150)
        if told.status_code == 500 and as_object(told).get("status") == "verification_failed":
            return False
        check(told)
        return True

    async def open_file(self, path: str) -> None:
        """Open a file in the program for it, and wait for its window."""
        check(await self.post("/setup/open_file", json={"path": path}, seconds=_OPEN_SECONDS))

    async def download_file(self, url: str, path: str) -> None:
        """Have the desktop fetch a file from the network."""
        sent = {"url": url, "path": path}
        check(await self.post("/setup/download_file", json=sent, seconds=300))

    async def change_wallpaper(self, path: str) -> None:
        """Show another wallpaper."""
        check(await self.post("/setup/change_wallpaper", json={"path": path}))

    async def activate_window(
        self, name: str, *, strict: bool = False, by_class: bool = False
    ) -> None:
        """Raise the window of a title or class."""
        sent = {"window_name": name, "strict": strict, "by_class": by_class}
        check(await self.post("/setup/activate_window", json=sent))

    async def close_window(
        self, name: str, *, strict: bool = False, by_class: bool = False
    ) -> None:
        """Close the window of a title or class."""
        sent = {"window_name": name, "strict": strict, "by_class": by_class}
        check(await self.post("/setup/close_window", json=sent))

    async def start_recording(self) -> None:
        """Begin a video."""
        check(await self.post("/start_recording"))

    async def end_recording(self) -> bytes:
        """End the video and return it as mp4."""
        return check(await self.post("/end_recording", seconds=120)).content
