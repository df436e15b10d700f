"""A pool of scripted desktops."""

import asyncio
import contextlib

import pytest

from tracegraph.envs.desktop.actions import Click, Type
from tracegraph.envs.desktop.fake import FakeDesktop, picture
from tracegraph.envs.desktop.pool import DesktopPool
from tracegraph.envs.desktop.protocol import DesktopError


async def test_each_lease_is_a_fresh_desktop_and_all_are_closed():
    made, in_use, most = [], 0, 0

    def factory():
        made.append(FakeDesktop(files={"/home/user/a": b"1"}))
        return made[-1]

    async def episode(pool):
        nonlocal in_use, most
        async with pool.lease() as desktop:
            in_use += 1
            most = max(most, in_use)
            assert desktop.actions == []
            assert desktop.files == {"/home/user/a": b"1"}
            await desktop.act(Type("x"))
            await desktop.put("/home/user/b", b"2")
            await asyncio.sleep(0.001)
            in_use -= 1

    async with DesktopPool(factory, 3, spares=2) as pool:
        await asyncio.gather(*(episode(pool) for _ in range(30)))
    assert most == 3
    assert len(made) < 12  # used ones are reset, not thrown away
    assert not any(one.running for one in made)


async def test_desktops_that_fail_are_replaced_and_leases_that_fail_give_back():
    class Stubborn(FakeDesktop):
        count = 0

        async def reset(self):
            raise DesktopError("it hangs")

        async def observe(self, *, tree=False):
            Stubborn.count += 1
            if Stubborn.count == 1:
                raise DesktopError("gone while it waited")
            return await super().observe(tree=tree)

    async with DesktopPool(Stubborn, 1) as pool:
        for _ in range(3):
            with contextlib.suppress(RuntimeError):
                async with pool.lease() as desktop:
                    assert desktop.running
                    raise RuntimeError
            await asyncio.sleep(0)
        # A lease that is cancelled while it waits leaves room for the next.
        async with pool.lease():
            waiting = asyncio.create_task(pool.lease().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
        async with asyncio.timeout(1), pool.lease():
            pass


async def test_a_scripted_desktop_shows_its_frames_and_can_fail():
    frames = [picture(4, 3), picture(4, 3, (255, 0, 0))]
    desktop = FakeDesktop(frames, fails_after=1)
    with pytest.raises(DesktopError):
        await desktop.observe()
    await desktop.start()
    assert (await desktop.observe()).png == frames[0]
    await desktop.act(Click(1, 1))
    assert (await desktop.observe(tree=True)).png == frames[1]
    with pytest.raises(DesktopError):
        await desktop.act(Click(1, 1))
    await desktop.reset()
    assert (await desktop.observe()).png == frames[0]
