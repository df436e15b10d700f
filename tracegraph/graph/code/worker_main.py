"""The process that runs changed code: defines functions from source and calls them.

Run by path, not imported: ``python -I worker_main.py`` in an empty environment. One request a
line on standard input, one answer a line on the descriptor that standard output was; what the
code prints is captured.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import linecache
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

_MEMORY = 4 << 30
_PRINTED = 10_000


def _load_codec() -> Any:
    spec = importlib.util.spec_from_file_location(
        "codec", Path(__file__).resolve().with_name("codec.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["codec"] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Answer requests until standard input closes."""
    codec = _load_codec()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDWR)
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    defined: dict[str, Any] = {}
    for line in requests:
        answers.write(_answer(json.loads(line), defined, codec) + "\n")
        answers.flush()


def _answer(request: dict[str, Any], defined: dict[str, Any], codec: Any) -> str:
    name, file = request["name"], f"<learned {request['name']}>"
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            if request["do"] == "define":
                scope: dict[str, Any] = {"__name__": "__learned__"}
                source = request["source"]
                linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
                exec(compile(request["prelude"], "<around the code>", "exec"), scope)
                exec(compile(source, file, "exec"), scope)
                defined[request["key"]] = scope[name]
                return codec.dumps({"ok": None})
            fun = defined[request["key"]]
            args, kwargs = codec.loads(request["arguments"])
            value = fun(*args, **kwargs)
            if hasattr(value, "__await__"):
                import asyncio

                value = asyncio.run(value)
            return codec.dumps({"ok": codec.dumps(value)})
    except BaseException as error:
        told = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in told if frame.filename == file]
        return codec.dumps({
            "error": type(error).__name__, "text": str(error)[:_PRINTED], "lines": lines,
            "printed": printed.getvalue()[-_PRINTED:],
        })  # fmt: skip


if __name__ == "__main__":
    main()
