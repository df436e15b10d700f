"""OSWorld's protocol: our client and its own client against our server."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.osworld.client import OSWorldHTTP
from tracegraph.envs.desktop.osworld.package import find_package
from tracegraph.envs.desktop.osworld.server import OSWorldServer
from tracegraph.envs.desktop.protocol import ActionError, DesktopError, ExecResult

INPUT = "import pyautogui; import time; pyautogui.FAILSAFE = False; "


@pytest.fixture
async def served():
    fake = FakeDesktop(programs=lambda argv: ExecResult(3, " ".join(argv), "why"))
    await fake.start()
    async with OSWorldServer(fake) as server:
        client = OSWorldHTTP(server.url, server.token)
        await client.start()
        yield fake, server, client
        await client.close()


async def test_input_source_becomes_actions_and_never_runs(served):
    fake, _, client = served
    for action in (
        a.Click(3, 4, count=2),
        a.Type("é<\n"),
        a.Keys(("ctrl", "s")),
        a.Scroll(1, 1, dy=-3),
    ):
        await client.act(action)
    assert fake.actions == [
        a.Click(3, 4, count=2),
        a.Type("é<\n"),
        a.Keys(("ctrl", "s")),
        a.Scroll(1, 1, dy=-3),
    ]
    told = await client.exec(["true"])
    assert (told.code, told.stderr) == (3, "why")
    async with httpx.AsyncClient(base_url=client.url, params={"token": served[1].token}) as http:
        evil = INPUT + "__import__('os').system('touch /tmp/evil'); pyautogui.click(1, 1)"
        answer = await http.post("/execute", json={"command": ["python", "-c", evil]})
    assert answer.json()["returncode"] == 1
    assert not Path("/tmp/evil").exists()
    with pytest.raises(ActionError, match="off the screen"):
        await client.act(a.Click(64, 0))
    assert len(fake.actions) == 4


async def test_files_frames_and_resets(served):
    fake, _, client = served
    await client.put("/home/user/ä b", b"\0\xff")
    assert fake.files == {"/home/user/ä b": b"\0\xff"}
    assert await client.get("/home/user/ä b") == b"\0\xff"
    with pytest.raises(FileNotFoundError):
        await client.get("/home/user/none")
    frame = await client.observe(tree=True)
    assert (frame.width, frame.height) == (64, 48)
    assert frame.tree.role == "desktop frame"
    await client.reset()
    assert fake.files == {}


async def test_only_who_has_the_token_and_no_page_gets_in(served):
    _, server, _ = served
    async with httpx.AsyncClient(base_url=server.url) as http:
        assert (await http.get("/screenshot")).status_code == 401
        assert (await http.get("/screenshot", params={"token": "x"})).status_code == 401
        good = {"Authorization": f"Bearer {server.token}"}
        assert (await http.get("/screenshot", headers=good)).status_code == 200
        for more in ({"Origin": "http://evil.example"}, {"Host": "evil.example:80"}):
            assert (await http.get("/screenshot", headers={**good, **more})).status_code == 403
        assert (await http.post("/execute", headers=good, json={})).status_code == 400
        assert (await http.post("/execute", headers=good, content=b"{")).status_code == 400


async def test_what_changes_the_desktop_is_sent_once():
    asked = []

    async def answer(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.split()[1])
        writer.write(b"HTTP/1.1 503 busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = OSWorldHTTP(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(DesktopError):
        await client.act(a.Click(1, 1))
    with pytest.raises(DesktopError):
        await client.observe()
    with pytest.raises(ActionError, match="drops"):
        await client.act(a.Type("é"))
    assert asked == ["/execute", "/screenshot", "/screenshot"]
    await client.close()
    server.close()


@pytest.mark.slow
async def test_every_endpoint_on_a_real_desktop(desktop, opened):
    async with OSWorldServer(desktop) as server:
        good = {"Authorization": f"Bearer {server.token}"}
        async with httpx.AsyncClient(base_url=server.url, headers=good, timeout=60) as http:

            async def post(path, **sent):
                return await http.post(path, **sent)

            assert (await http.get("/platform")).text == "Linux"
            assert (await post("/screen_size")).json() == {"width": 1280, "height": 720}
            move = {"command": ["python", "-c", INPUT + "pyautogui.moveTo(30, 40)"], "shell": False}
            assert (await post("/execute", json=move)).json()["returncode"] == 0
            assert (await http.get("/cursor_position")).json() == [30, 40]
            text = {"file_path": "~/note.txt"}
            told = await post("/setup/upload", data=text, files={"file_data": b"abc"})
            assert told.text == "File Uploaded: 3 bytes"
            assert (await post("/file", data=text)).content == b"abc"
            assert (await post("/file", data={"file_path": "~/none"})).status_code == 404
            told = (
                await post(
                    "/setup/execute", json={"command": "cat ~/note.txt; exit 4", "shell": True}
                )
            ).json()
            assert (told["status"], told["output"], told["returncode"]) == ("success", "abc", 4)
            await post(
                "/setup/launch", json={"command": ["mousepad", "~/note.txt"], "shell": False}
            )
            verified = {
                "command": "true",
                "verification": {"window_exists": "note.txt"},
                "check_interval": 0.1,
            }
            assert (await post("/execute_with_verification", json=verified)).status_code == 200
            name = {"window_name": "NOTE", "strict": False, "by_class": False}
            assert (await post("/setup/activate_window", json=name)).status_code == 200
            assert (await post("/window_size", data={"app_class_name": "mousepad"})).json()[
                "width"
            ] > 100
            await desktop.settle()
            assert "st:" in (await http.get("/accessibility")).json()["AT"]
            assert (await http.get("/terminal")).json() == {"output": None, "status": "success"}
            listed = (await post("/list_directory", json={"path": "/home/user"})).json()
            assert "note.txt" in [one["name"] for one in listed["directory_tree"]["children"]]
            code = (await post("/run_python", json={"code": "print(6 * 7)"})).json()
            assert (code["output"], code["return_code"]) == ("42\n", 0)
            script = (
                await post(
                    "/run_bash_script", json={"script": "pwd; exit 2", "working_dir": "~/Desktop"}
                )
            ).json()
            assert (script["output"], script["returncode"]) == ("/home/user/Desktop\n", 2)
            assert (await post("/start_recording")).status_code == 200
            await asyncio.sleep(0.5)
            assert b"ftyp" in (await post("/end_recording")).content[:32]
            assert (await post("/setup/close_window", json=name)).status_code == 200
            assert (
                await post("/setup/close_window", json={"window_name": "zzz"})
            ).status_code == 404
            view = (await post("/tracegraph/view", json={})).json()
            reader, writer = await asyncio.open_connection("127.0.0.1", view["port"])
            assert (await reader.readexactly(4)) == b"RFB "
            writer.close()


@pytest.mark.slow
async def test_the_client_speaks_every_endpoint(desktop, opened):
    async with OSWorldServer(desktop) as server:
        client = OSWorldHTTP(server.url, server.token)
        await client.start()
        assert await client.platform() == "Linux"
        assert await client.screen_size() == (1280, 720)
        await client.act(a.Move(50, 60))
        assert await client.pointer() == (50, 60)
        assert await client.terminal() is None
        assert await client.desktop_path() == "/home/user/Desktop"
        assert (await client.list_directory("~"))["type"] == "directory"
        assert (await client.run_python("raise SystemExit(4)")).code == 4
        told = await client.run_bash_script("pwd", folder="~/Desktop")
        assert (told.code, told.stdout) == (0, "/home/user/Desktop\n")
        await opened(desktop, ["mousepad"], "Mousepad")
        await client.activate_window("mousepad")
        assert (await client.window_size("mousepad"))[0] > 100
        exists = {"window_exists": "Mousepad"}
        assert await client.execute_with_verification("true", exists)
        gone = {"command_success": "false"}
        assert not await client.execute_with_verification("true", gone, wait=0.2, interval=0.1)
        await client.start_recording()
        await client.close_window("mousepad")
        assert b"ftyp" in (await client.end_recording())[:32]
        for refused in (
            client.wallpaper(), client.change_wallpaper("/x"), client.open_file("/none"),
            client.download_file("http://example.org", "/home/user/x"),
        ):  # fmt: skip
            with pytest.raises(DesktopError):
                await refused
        await client.close()


@pytest.mark.slow
async def test_osworlds_own_client_resets_steps_and_evaluates(desktop):
    package = find_package()
    if package is None:
        pytest.skip("desktop-env is not installed: see docs/desktop.md")
    script = str(Path(__file__).with_name("desktop_env_client.py"))
    async with OSWorldServer(desktop, token="") as server:
        child = await asyncio.create_subprocess_exec(
            str(package.python), script, server.url.rpartition(":")[2],
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await child.communicate()
    assert child.returncode == 0, err.decode()[-2000:]
    told = json.loads(out.decode().splitlines()[-1])
    for space in ("pyautogui", "computer_13"):
        one = told[space]
        assert (one["begin"], one["end"]) == (0, 1)
        assert one["tree"]
        assert one["png"] > 1000
        assert one["platform"] == "Linux"
        assert one["size"] == {"width": 1280, "height": 720}
