"""Environments as MCP tools, asked by the SDK's own client: a real kernel, solver, desktop."""

import asyncio
import base64
import os
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager

import httpx
import pytest

from tracegraph.errors import TracegraphError
from tracegraph.integrations.mcp import (
    DesktopTools,
    NotebookTools,
    Sessions,
    Shown,
    Tool,
    http_app,
    make_server,
)

mcp = pytest.importorskip("mcp")

PROGRAM = """
from pyscipopt import Model
m = Model()
x, y = m.addVar("x", vtype="I"), m.addVar("y", ub=3)
m.addCons(x + y <= 4.5, name="cap")
m.setObjective(x + 2 * y + 1, "maximize")
m.optimize()
"""


def served(*arguments):
    """Return how the SDK starts `tracegraph serve mcp`."""
    code = "from tracegraph.cli.main import main; main()"
    return mcp.StdioServerParameters(
        command=sys.executable, args=["-c", code, "serve", "mcp", *arguments], env=dict(os.environ)
    )


def text_of(result):
    return "\n".join(part.text for part in result.content if part.type == "text")


class FakeBox:
    """Counts how often it is opened and closed."""

    instructions = "Say something."

    def __init__(self, log, session=""):
        self.log, self.session = log, session

    @property
    def tools(self):
        return (
            Tool("say", "Say it.", {"what": {"type": "string"}}, self.say),
            Tool("wait", "Take long.", {}, self.wait),
        )

    async def open(self):
        self.log.append("open")

    async def close(self):
        self.log.append("close")

    async def say(self, what):
        if what == "boom":
            raise TracegraphError("the environment broke")
        return Shown(what)

    async def wait(self):
        await asyncio.sleep(30)


@pytest.mark.slow
async def test_a_notebook_over_stdio(tmp_path):
    table = tmp_path / "sales.csv"
    table.write_text("month,amount\n1,10\n2,20\n")
    kept = tmp_path / "out.ipynb"
    async with mcp.Client(served("--file", str(table), "--notebook", str(kept))) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["list_files", "run_cell", "restart"]
        assert tools["run_cell"].input_schema["required"] == ["code"]
        assert "sales.csv" in text_of(await client.call_tool("list_files", {}))
        ran = await client.call_tool(
            "run_cell",
            {
                "code": "import pandas as pd\ntable = pd.read_csv('sales.csv')\n"
                "table.plot(x='month', y='amount')\ntable.amount.sum()"
            },
        )
        assert "30" in text_of(ran)
        (picture,) = [part for part in ran.content if part.type == "image"]
        assert base64.b64decode(picture.data).startswith(b"\x89PNG")
        again = await client.call_tool("run_cell", {"code": "len(table)"})
        assert "2" in text_of(again), "variables stay"
        await client.call_tool("restart", {})
        gone = await client.call_tool("run_cell", {"code": "len(table)"})
        assert "NameError" in text_of(gone)
        assert not gone.is_error, "a cell that raises is an answer, not a fault of the tool"
        wrong = await client.call_tool("run_cell", {"cod": "1"})
        assert wrong.is_error
        assert "code" in text_of(wrong)
    assert "len(table)" in kept.read_text()
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], check=False, capture_output=True)
    assert left.stdout == b"", "nothing of it runs on"


@pytest.mark.slow
async def test_a_solver_over_stdio():
    async with mcp.Client(served("--env", "solver", "--seconds", "30")) as client:
        early = await client.call_tool("certify", {})
        assert early.is_error
        ran = text_of(await client.call_tool("run_program", {"code": PROGRAM}))
        assert "status: optimal" in ran
        assert "objective: 8.5" in ran or "objective: 8" in ran
        assert "x = 1" in ran
        proved = text_of(await client.call_tool("certify", {}))
        assert proved.startswith("confirmed (milp_agreement)")
        broken = await client.call_tool("run_program", {"code": "1 / 0"})
        assert "ZeroDivisionError" in text_of(broken)


@pytest.mark.slow
async def test_a_desktop():
    needed = ("Xvfb", "openbox", "dbus-daemon", "bwrap")
    if missing := [name for name in needed if shutil.which(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    box = DesktopTools()
    async with Sessions(lambda session: box).kept() as sessions:
        seen = await sessions.call("", "screenshot", {})
        assert seen.text == "1280 x 720 pixels"
        assert seen.pictures[0].startswith(b"\x89PNG")
        moved = await sessions.call("", "move", {"x": 40, "y": 50})
        assert not moved.failed
        off = await sessions.call("", "click", {"x": 5000, "y": 50})
        assert off.failed
        assert "5000" in off.text
        wrong = await sessions.call("", "click", {"x": 5, "y": 50, "button": "fourth"})
        assert wrong.failed


def test_desktop_tools_say_what_they_take():
    tools = {tool.name: tool.schema for tool in DesktopTools().tools}
    assert {"screenshot", "elements", "click", "drag", "type", "keys", "scroll"} <= set(tools)
    assert not {"done", "fail", "call_user"} & set(tools)
    assert tools["click"]["required"] == ["x", "y"]
    assert tools["click"]["properties"]["button"]["default"] == "left"


@asynccontextmanager
async def over_http(server, token="secret"):
    """Serve on a free port; give clients by their token."""
    import httpx2
    import uvicorn
    from mcp.client.streamable_http import streamable_http_client

    running = uvicorn.Server(
        uvicorn.Config(http_app(server, token), port=0, log_level="warning", lifespan="on")
    )
    task = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/mcp"

    @asynccontextmanager
    async def client(given=token):
        headers = {"Authorization": f"Bearer {given}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            mcp.Client(streamable_http_client(url, http_client=http)) as opened,
        ):
            yield opened

    client.url = url
    try:
        yield client
    finally:
        running.should_exit = True
        await task


async def test_sessions_over_http_are_apart():
    log = []
    server = make_server(lambda session: FakeBox(log, session), named=True, most=2)
    async with over_http(server) as connect, connect() as client:
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == ["say", "wait", "open_session", "close_session"]
        assert listed[0].input_schema["required"] == ["session", "what"]
        without = await client.call_tool("say", {"what": "hi"})
        assert without.is_error
        assert "open_session" in text_of(without)
        one = text_of(await client.call_tool("open_session", {}))
        two = text_of(await client.call_tool("open_session", {}))
        full = await client.call_tool("open_session", {})
        assert full.is_error
        assert "--sessions" in text_of(full)
        said = await client.call_tool("say", {"session": one, "what": "hi"})
        assert text_of(said) == "hi"
        assert log == ["open"], "an environment starts with the first call"
        await client.call_tool("close_session", {"session": one})
        assert log == ["open", "close"]
        after = await client.call_tool("say", {"session": one, "what": "hi"})
        assert after.is_error
        await client.call_tool("say", {"session": two, "what": "hi"})
    assert log == ["open", "close"] * 2, "what is open when the server ends is closed"


async def test_without_the_token_nothing_is_served():
    log = []
    server = make_server(lambda session: FakeBox(log), named=True)
    with pytest.raises(TracegraphError, match="token"):
        http_app(server, "")
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    async with over_http(server) as connect, httpx.AsyncClient() as client:
        async with connect() as known:
            assert (await known.list_tools()).tools
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            answer = await client.post(connect.url, json=asked, headers=headers)
            assert answer.status_code == 401
        elsewhere = {"Authorization": "Bearer secret", "Host": "example.org"}
        answer = await client.post(connect.url, json=asked, headers=elsewhere)
        assert answer.status_code == 421, "a name of somebody else's is no loopback address"
    assert log == []


async def test_faults_are_answers_and_idle_environments_end():
    log = []
    async with Sessions(lambda session: FakeBox(log), idle=0.2).kept() as sessions:
        broke = await sessions.call("", "say", {"what": "boom"})
        assert broke == Shown("the environment broke", failed=True)
        unknown = await sessions.call("", "sing", {})
        assert "there is no tool 'sing'" in unknown.text
        for _ in range(100):
            if "close" in log:
                break
            await asyncio.sleep(0.05)
        assert log == ["open", "close"]
        assert (await sessions.call("", "say", {"what": "again"})).text == "again"
        assert log == ["open", "close", "open"]


async def test_an_environment_that_cannot_start_leaves_nothing():
    log = []

    class Broken(FakeBox):
        async def open(self):
            raise TracegraphError("install something")

    async with Sessions(lambda session: Broken(log)).kept() as sessions:
        told = await sessions.call("", "say", {"what": "hi"})
        assert told == Shown("install something", failed=True)
        assert log == ["close"]


def test_a_notebook_is_listed_without_being_started():
    names = [tool.name for tool in NotebookTools().tools]
    assert names == ["list_files", "run_cell", "restart"]
