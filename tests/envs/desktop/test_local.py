"""LocalXvfb with real applications."""

import asyncio
import contextlib
import glob
import io
import os
import random
import shutil
import tarfile
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.protocol import ActionError, DesktopError

RANGES = [(0x20, 0x7F), (0xA0, 0x250), (0x370, 0x530), (0x4E00, 0x9FFF), (0x1F300, 0x1F650),
          (0x20, 0x30000)]  # fmt: skip


def random_text(rng, longest=12):
    low, high = rng.choice(RANGES)
    made = ""
    while len(made) < rng.randint(1, longest):
        one = chr(rng.randrange(low, high))
        if unicodedata.category(one)[0] in "LMNPS":
            made += one
    return made


def descendants_of(pid):
    found, level = [], [pid]
    while level:
        files = [path for one in level for path in glob.glob(f"/proc/{one}/task/*/children")]
        level = [int(child) for path in files for child in Path(path).read_text().split()]
        found += level
    return found


async def test_a_new_desktop_has_a_screen_a_home_and_no_way_out(desktop):
    frame = await desktop.observe()
    assert Image.open(io.BytesIO(frame.png)).size == (1280, 720) == (frame.width, frame.height)
    line = f"id -u; echo $HOME; ls; cat {__file__}; cat /proc/net/dev"
    told = await desktop.exec(["sh", "-c", line])
    lines = told.stdout.split()
    assert lines[:6] == ["1000", "/home/user", "Desktop", "Documents", "Downloads", "Pictures"]
    assert "No such file" in told.stderr
    assert "eth" not in told.stdout


@pytest.mark.slow
async def test_random_texts_are_typed_exactly(desktop, opened):
    rng = random.Random(7)
    # More strange characters at once than there are spare keys, then everything mixed.
    texts = [
        "".join(map(chr, range(0x4E00, 0x4E00 + 130))),
        "\ufe8a\uff20",
        "Aa\tBb <>|\\\"'~^`",
        "É\u0301é ß",
    ]
    texts += [random_text(rng) for _ in range(57)]
    await desktop.put("/home/user/t.txt", b"")
    await opened(desktop, ["mousepad", "/home/user/t.txt"], "t.txt")
    for text in texts:
        await desktop.act(a.Type("\n" + text))
    await desktop.act(a.Keys(("ctrl", "s")))
    got = (await desktop.get("/home/user/t.txt")).decode().split("\n")
    assert got[1:] == texts


async def test_typing_in_a_terminal_and_with_caps_lock(desktop, opened):
    await opened(desktop, ["xterm"])
    await desktop.act(a.Keys(("caps_lock",)))
    await desktop.act(a.Type("echo 'Hé <日本> €' > x.txt\n"))
    assert (await desktop.get("/home/user/x.txt")).decode() == "Hé <日本> €\n"


async def test_control_characters_cannot_be_typed_and_nothing_is_typed_before_them(desktop, opened):
    await opened(desktop, ["mousepad"])
    with pytest.raises(ActionError, match=r"U\+0007"):
        await desktop.act(a.Type("abc\x07"))
    tree = (await desktop.observe(tree=True)).tree
    assert all(one.text != "abc" for one in tree.walk())
    with pytest.raises(ActionError, match="there is no key 'nokey'"):
        await desktop.act(a.Keys(("ctrl", "nokey")))
    with pytest.raises(ActionError, match="off the screen"):
        await desktop.act(a.Click(1280, 0))


async def test_the_tree_tells_what_shows_and_clicks_land_on_it(desktop, opened):
    await opened(desktop, ["mousepad"])
    await desktop.act(a.Type("one two"))
    tree = (await desktop.observe(tree=True)).tree
    named = {(one.role, one.name): one for one in tree.walk()}
    assert next(one for one in tree.walk() if one.role == "text").text == "one two"
    edit = named["menu", "Edit"]
    assert edit.app == "mousepad"
    assert ("menu item", "Select All") not in named  # the menu is closed
    await desktop.act(a.Click(edit.x + edit.width // 2, edit.y + edit.height // 2))
    tree = (await desktop.observe(tree=True)).tree
    item = next(one for one in tree.walk() if one.name == "Select All")
    await desktop.act(a.Click(item.x + 20, item.y + item.height // 2))
    await desktop.act(a.Type("new"))
    tree = (await desktop.observe(tree=True)).tree
    assert next(one for one in tree.walk() if one.role == "text").text == "new"


async def test_double_click_drag_and_scroll(desktop, opened):
    text = b"first second third\n" + b"".join(b"line %d\n" % n for n in range(200))
    await desktop.put("/home/user/t.txt", text)
    window = await opened(desktop, ["mousepad", "/home/user/t.txt"], "t.txt")
    x, y = window.x + 12, window.y + 40
    # Two clicks that follow one another stay two; a double click takes a word.
    await desktop.act(a.Click(x, y))
    await desktop.act(a.Click(x, y))
    await desktop.act(a.Type("A"))
    await desktop.act(a.Click(x + 80, y, count=2))
    await desktop.act(a.Type("B"))
    await desktop.act(a.Keys(("ctrl", "s")))
    first = (await desktop.get("/home/user/t.txt")).decode().split("\n")[0]
    assert first.replace("A", "") == "first B third"
    # The words that are dragged over are replaced.
    await desktop.act(a.Drag(window.x + 3, y, window.x + 620, y))
    await desktop.act(a.Type("C"))
    await desktop.act(a.Keys(("ctrl", "s")))
    assert (await desktop.get("/home/user/t.txt")).decode().split("\n")[0] == "C"
    before = (await desktop.observe()).png
    await desktop.act(a.Scroll(x, y + 100, dy=-10))
    down = (await desktop.observe()).png
    assert down != before
    await desktop.act(a.Scroll(x, y + 100, dy=10))
    assert (await desktop.observe()).png != down


async def test_a_dialog_that_a_key_opens_takes_the_keys_that_follow(desktop, opened):
    await opened(desktop, ["mousepad"])
    await desktop.act(a.Type("kept"))
    await desktop.act(a.Keys(("ctrl", "s")))
    await desktop.act(a.Keys(("ctrl", "a")))
    await desktop.act(a.Type("/home/user/Documents/ö.txt"))
    await desktop.act(a.Keys(("enter",)))
    # The dialog goes and the file is written when the program gets round to it. Now and then GTK
    # lets the first Enter pass by, and who looks presses it again.
    for turn in range(100):
        if turn == 20 and len(await desktop.windows()) > 1:
            await desktop.act(a.Keys(("enter",)))
        titles = [window.title for window in await desktop.windows()]
        with contextlib.suppress(FileNotFoundError):
            if titles == ["~/Documents/ö.txt - Mousepad"]:
                assert await desktop.get("/home/user/Documents/ö.txt") == b"kept"
                return
        await asyncio.sleep(0.1)
    raise AssertionError(f"nothing was saved; the windows are {titles}")


async def test_a_window_is_raised_and_closed(desktop, opened):
    for title in ("first", "second"):
        await opened(desktop, ["xterm", "-T", title], title)
    first = next(one for one in await desktop.windows() if one.title == "first")
    assert not first.active
    await desktop.activate(first)
    await until(desktop, lambda told: [one.title for one in told if one.active] == ["first"])
    await desktop.close_window(first)
    await until(desktop, lambda told: [one.title for one in told] == ["second"])


async def until(desktop, wanted):
    async with asyncio.timeout(20):
        while not wanted(await desktop.windows()):
            await asyncio.sleep(0.05)


async def test_reset_leaves_nothing(desktop, opened):
    await desktop.put("/home/user/x/y.txt", b"1")
    await desktop.put("/tmp/z.txt", b"1")
    await opened(desktop, ["mousepad", "/home/user/x/y.txt"])
    await desktop.act(a.KeyDown("shift"))
    clean = await picture_of_a_new_one()
    await desktop.reset()
    assert await desktop.windows() == []
    told = await desktop.exec(["sh", "-c", "ls -d ~/x /tmp/z.txt; pgrep mousepad"])
    assert (told.code, told.stdout) == (1, "")
    assert (await desktop.observe()).png == clean


async def picture_of_a_new_one():
    async with LocalXvfb() as other:
        return (await other.observe()).png


async def test_a_killed_application_leaves_a_desktop_that_works(desktop, opened):
    await opened(desktop, ["mousepad"])
    assert (await desktop.exec(["pkill", "-9", "mousepad"])).code == 0
    for _ in range(100):
        if not await desktop.windows():
            break
        await asyncio.sleep(0.02)
    await desktop.act(a.Type("into nothing"))
    await desktop.act(a.Click(5, 5))
    # It is reaped, so that nobody waits for it for ever.
    assert (await desktop.exec(["pgrep", "-x", "mousepad"])).code == 1
    await opened(desktop, ["mousepad"])


async def test_a_desktop_that_dies_says_so_and_can_be_reset(desktop):
    with pytest.raises(DesktopError, match="ended"):
        await desktop.exec(["sh", "-c", "kill -9 2"])  # the process that answers us
    with pytest.raises(DesktopError, match="reset it"):
        await desktop.observe()
    await desktop.reset()
    assert (await desktop.observe()).width == 1280


async def test_programs_have_codes_deadlines_and_bounded_output(desktop):
    told = await desktop.exec(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (told.code, told.stdout, told.stderr) == (3, "out\n", "err\n")
    assert (await desktop.exec(["no-such-program"])).code == 127
    assert (await desktop.exec(["sleep", "60"], seconds=0.3)).code == 124
    flood = await desktop.exec(["sh", "-c", "head -c 30000000 /dev/zero | tr '\\0' x; exit 4"])
    assert (flood.code, len(flood.stdout)) == (4, 8 << 20)
    with pytest.raises(FileNotFoundError):
        await desktop.get("/home/user/none")
    await desktop.exec(["mkfifo", "/home/user/pipe"])
    with pytest.raises(DesktopError, match="no regular file"):
        await desktop.get("/home/user/pipe")


async def test_applications_cannot_reach_the_process_that_answers_us(desktop):
    told = await desktop.exec(["sh", "-c", "echo forged > /proc/2/fd/1; cat /proc/2/environ"])
    assert told.code != 0
    assert told.stderr.count("Permission denied") == 2


async def test_a_home_of_ones_own(tmp_path):
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "own.ini").write_text("own")
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.add(tmp_path / ".config" / "own.ini", "Desktop/own.ini")
    for home, path in ((tmp_path, ".config/own.ini"), (tar.getvalue(), "Desktop/own.ini")):
        async with LocalXvfb(home=home) as desktop:
            assert await desktop.get(f"/home/user/{path}") == b"own"
            assert b"openbox" in await desktop.get("/home/user/.config/openbox/rc.xml")


async def test_close_leaves_no_process_and_no_mount(opened):
    before = set(descendants_of(os.getpid()))
    desktop = LocalXvfb()
    await desktop.start()
    await opened(desktop, ["mousepad"])
    await desktop.observe(tree=True)
    started = set(descendants_of(os.getpid())) - before
    assert len(started) > 5
    await desktop.close()
    assert not [pid for pid in started if os.path.exists(f"/proc/{pid}")]


@pytest.mark.slow
async def test_calc_tells_its_cells(desktop, opened):
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    await opened(desktop, ["soffice", "--calc"], "Calc", 90)
    for row in range(3):
        await desktop.act(a.Type(f"item {row}\t{row * 7}\n"))
    tree = (await desktop.observe(tree=True)).tree
    cells = {one.name: one.text for one in tree.walk() if one.role == "table cell" and one.text}
    assert cells == {
        "A1": "Item 0",
        "B1": "0",
        "A2": "Item 1",
        "B2": "7",
        "A3": "Item 2",
        "B3": "14",
    }
