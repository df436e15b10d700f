"""The provider over `desktop-env`, with a stand-in for the package's providers."""

import sys
import types

import pytest

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.osworld.provider import DesktopEnvProvider
from tracegraph.envs.desktop.osworld.server import OSWorldServer
from tracegraph.envs.desktop.protocol import DesktopError
from tracegraph.errors import MissingExtraError


async def test_it_starts_reverts_and_stops_the_machine(monkeypatch):
    fake = FakeDesktop()
    await fake.start()
    said = []

    class Provider:
        def __init__(self, port):
            self.port = port

        def start_emulator(self, *told):
            said.append(("start", *told))

        def get_ip_address(self, machine):
            return f"127.0.0.1:{self.port}:9222:8006:8080"

        def revert_to_snapshot(self, machine, snapshot):
            said.append(("revert", machine, snapshot))
            return "second"

        def stop_emulator(self, machine):
            said.append(("stop", machine))

    async with OSWorldServer(fake, token="") as server:
        port = server.url.rpartition(":")[2]
        package = types.ModuleType("desktop_env.providers")
        package.create_vm_manager_and_provider = lambda *_: (
            types.SimpleNamespace(get_vm_path=lambda **_: "first"), Provider(port),
        )  # fmt: skip
        monkeypatch.setitem(sys.modules, "desktop_env", types.ModuleType("desktop_env"))
        monkeypatch.setitem(sys.modules, "desktop_env.providers", package)
        desktop = DesktopEnvProvider("docker")
        with pytest.raises(DesktopError, match="not started"):
            await desktop.observe()
        await desktop.start()
        await desktop.act(a.Click(1, 2))
        assert fake.actions == [a.Click(1, 2)]
        await desktop.reset()
        assert (await desktop.observe()).width == 64
        await desktop.close()
    assert [one[:2] for one in said] == [
        ("start", "first"), ("revert", "first"), ("start", "second"), ("stop", "second"),
    ]  # fmt: skip


async def test_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "desktop_env", None)
    monkeypatch.setitem(sys.modules, "desktop_env.providers", None)
    with pytest.raises(MissingExtraError, match=r"tracegraph\[osworld\]"):
        await DesktopEnvProvider("docker").start()
