"""What the server shows: pictures, the tree, sizes, files, folders."""

from __future__ import annotations

import json
import posixpath

from aiohttp import web

from tracegraph.envs.desktop import tree
from tracegraph.envs.desktop.osworld.keys import DESKTOP, SIZE
from tracegraph.envs.desktop.protocol import DesktopError

ROUTES = web.RouteTableDef()
_HOME = "/home/user"
# Runs inside: the folders below one, as the protocol has them.
_LIST = """
import json, os, sys
def node(path):
    told = {"type": "file", "name": os.path.basename(path)}
    if os.path.isdir(path) and not os.path.islink(path):
        told["type"] = "directory"
        told["children"] = [node(os.path.join(path, one)) for one in sorted(os.listdir(path))]
    return told
print(json.dumps(node(sys.argv[1])))
"""


@ROUTES.get("/screenshot")
async def screenshot(request: web.Request) -> web.Response:
    """Return the picture."""
    frame = await request.app[DESKTOP].observe()
    return web.Response(body=frame.png, content_type="image/png")


@ROUTES.get("/accessibility")
async def accessibility(request: web.Request) -> web.Response:
    """Return the tree as XML."""
    frame = await request.app[DESKTOP].observe(tree=True)
    if frame.tree is None:
        raise DesktopError("this desktop has no accessibility tree")
    return web.json_response({"AT": tree.to_xml(frame.tree)})


@ROUTES.get("/terminal")
async def terminal(request: web.Request) -> web.Response:
    """Return the text of the terminal that is in front; none of those here tells it."""
    frame = await request.app[DESKTOP].observe(tree=True)
    found = [one.text for one in frame.tree.walk() if one.role == "terminal"] if frame.tree else []
    return web.json_response({"output": found[-1] if found else None, "status": "success"})


@ROUTES.get("/platform")
async def platform(_: web.Request) -> web.Response:
    """Return the name of the system."""
    return web.Response(text="Linux")


@ROUTES.get("/cursor_position")
async def cursor_position(request: web.Request) -> web.Response:
    """Return where the pointer is."""
    pointer = getattr(request.app[DESKTOP], "pointer", None)
    if pointer is None:
        raise DesktopError("this desktop does not tell where the pointer is")
    return web.json_response(list(await pointer()))


@ROUTES.post("/screen_size")
async def screen_size(request: web.Request) -> web.Response:
    """Return the size of the screen."""
    width, height = request.app[SIZE]
    return web.json_response({"width": width, "height": height})


@ROUTES.post("/desktop_path")
async def desktop_path(_: web.Request) -> web.Response:
    """Return the folder of the desktop."""
    return web.json_response({"desktop_path": f"{_HOME}/Desktop"})


@ROUTES.post("/wallpaper")
async def wallpaper(_: web.Request) -> web.Response:
    """Say that the desktop has no wallpaper."""
    return web.json_response({"error": "this desktop has no wallpaper"}, status=404)


@ROUTES.post("/list_directory")
async def list_directory(request: web.Request) -> web.Response:
    """Return the tree of a folder."""
    path = expanded(str((await request.json())["path"]))
    told = await request.app[DESKTOP].exec(["/usr/bin/python3", "-I", "-c", _LIST, path])
    if told.code != 0:
        raise FileNotFoundError(path)
    return web.json_response({"directory_tree": json.loads(told.stdout)})


@ROUTES.post("/file")
async def file(request: web.Request) -> web.Response:
    """Return a file."""
    path = expanded(str((await request.post())["file_path"]))
    data = await request.app[DESKTOP].get(path)
    name = posixpath.basename(path).encode("ascii", "replace").decode().replace('"', "_")
    return web.Response(
        body=data,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def expanded(path: str) -> str:
    """Return a path with the home and its variable filled in."""
    for short in ("~", "$HOME", "${HOME}"):
        if path == short or path.startswith(short + "/"):
            return _HOME + path[len(short) :]
    return path
