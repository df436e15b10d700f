"""DesktopEnvProvider: the machines of the `desktop-env` package (VMware, Docker, clouds)."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any

from tracegraph.envs.desktop.actions import Action
from tracegraph.envs.desktop.osworld.client import OSWorldHTTP
from tracegraph.envs.desktop.protocol import Desktop, DesktopError, ExecResult, Frame
from tracegraph.errors import MissingExtraError

_PORT = "5000"
_READY_SECONDS = 300.0


class DesktopEnvProvider:
    """A desktop on a machine that one of `desktop-env`'s providers starts and reverts.

    Args:
        name: of the provider: docker, vmware, virtualbox, aws, azure, gcp, aliyun, volcengine.
        machine: its path or name; empty for the one that the provider chooses.
        region: for clouds.
        snapshot: to revert to.
        size: of the screen, in pixels.
    """

    capabilities = frozenset({"tree", "exec", "files", "reset"})

    def __init__(
        self,
        name: str,
        *,
        machine: str = "",
        region: str | None = None,
        snapshot: str = "init_state",
        size: tuple[int, int] = (1920, 1080),
    ) -> None:
        self._name, self._region, self._snapshot, self._size = name, region, snapshot, size
        self._machine = machine
        self._manager: Any = None
        self._provider: Any = None
        self._client: OSWorldHTTP | None = None

    async def start(self) -> None:
        """Start the machine and wait for its server; minutes, for some providers."""
        try:
            providers = importlib.import_module("desktop_env.providers")
        except ImportError:
            raise MissingExtraError("osworld", "desktop-env") from None
        make = providers.create_vm_manager_and_provider
        try:
            self._manager, self._provider = await asyncio.to_thread(make, self._name, self._region)
            if not self._machine:
                self._machine = await asyncio.to_thread(
                    self._manager.get_vm_path,
                    os_type="Ubuntu", region=self._region, screen_size=self._size,
                )  # fmt: skip
            await self._connect()
        except DesktopError:
            await self.close()
            raise
        except Exception as error:  # what they raise is theirs
            await self.close()
            raise DesktopError(f"{self._name} did not start a machine: {error}") from error

    async def reset(self) -> None:
        """Revert the machine to its snapshot."""
        if self._provider is None:
            await self.start()
            return
        await self._disconnect()
        try:
            told = await asyncio.to_thread(
                self._provider.revert_to_snapshot, self._machine, self._snapshot
            )
            self._machine = told or self._machine
            await self._connect()
        except DesktopError:
            raise
        except Exception as error:
            raise DesktopError(f"{self._name} did not revert its machine: {error}") from error

    async def observe(self, *, tree: bool = False) -> Frame:
        """Return the picture, and the tree when asked."""
        return await self._open().observe(tree=tree)

    async def act(self, action: Action) -> None:
        """Carry out an action."""
        await self._open().act(action)

    async def exec(
        self, argv: Sequence[str], *, seconds: float = 30, background: bool = False
    ) -> ExecResult:
        """Run a program on the machine."""
        return await self._open().exec(argv, seconds=seconds, background=background)

    async def put(self, path: str, data: bytes) -> None:
        """Write a file."""
        await self._open().put(path, data)

    async def get(self, path: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        return await self._open().get(path)

    async def close(self) -> None:
        """Stop the machine."""
        await self._disconnect()
        provider, self._provider = self._provider, None
        if provider is not None and self._machine:
            try:
                await asyncio.to_thread(provider.stop_emulator, self._machine)
            except Exception as error:
                raise DesktopError(f"{self._name} did not stop its machine: {error}") from error

    async def _connect(self) -> None:
        await asyncio.to_thread(self._provider.start_emulator, self._machine, True, "Ubuntu")
        told = await asyncio.to_thread(self._provider.get_ip_address, self._machine)
        host, _, ports = str(told).partition(":")
        client = OSWorldHTTP(f"http://{host}:{ports.split(':')[0] or _PORT}")
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while True:
            try:
                await client.start()
                break
            except DesktopError:
                if asyncio.get_running_loop().time() > deadline:
                    await client.close()
                    raise
                await asyncio.sleep(2)
        self._client = client

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _open(self) -> OSWorldHTTP:
        if self._client is None:
            raise DesktopError("the machine is not started; call start() or reset()")
        return self._client


def machine_of(desktop: Desktop) -> OSWorldHTTP | None:
    """Return the client of a desktop behind OSWorld's protocol, None of one that is ours.

    Raises:
        DesktopError: its machine is not started.
    """
    if isinstance(desktop, DesktopEnvProvider):
        return desktop._open()
    return desktop if isinstance(desktop, OSWorldHTTP) else None
