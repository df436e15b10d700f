"""The program of a kernel: ipykernel on unix sockets, with every output bounded at its source."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
from typing import Any

_MOST_THREADS = 16  # of each library; a kernel may have 128 threads and processes


def main() -> None:
    """Read one line of settings, start the kernel, say that it is ready, serve until the end."""
    told = json.loads(sys.stdin.readline())
    _close_stdin()
    os.environ.update(threads(os.cpu_count() or 1))
    say = os.dup(1)
    os.set_inheritable(say, False)
    sockets = os.path.join(tempfile.gettempdir(), ".kernel")
    os.mkdir(sockets, 0o700)
    connection = os.path.join(sockets, "connection.json")
    with open(connection, "w", encoding="utf-8") as file:
        json.dump(_connection(told["key"], os.path.join(sockets, "k")), file)
    app = _app(connection)
    for name in told["preload"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    _settle()
    for stream in (sys.stdout, sys.stderr):
        stream.begin()  # type: ignore[union-attr]
        stream.finish()  # type: ignore[union-attr]
    os.write(say, b"ready\n")
    os.close(say)
    app.start()


def threads(cores: int) -> dict[str, str]:
    """Return variables that bound the threads of numerical libraries on machines with many cores.

    Each library starts a thread a core, so that a few of them would use up what one kernel may
    have.
    """
    if cores <= _MOST_THREADS:
        return {}
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    return dict.fromkeys(names, str(_MOST_THREADS))


def _close_stdin() -> None:
    """Whoever reads standard input finds its end at once, children as well."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")


def _connection(key: str, path: str) -> dict[str, Any]:
    names = ("shell", "iopub", "stdin", "control", "hb")
    ports = {f"{name}_port": number for number, name in enumerate(names, 1)}
    return {
        "transport": "ipc", "ip": path, "key": key, "signature_scheme": "hmac-sha256", **ports
    }  # fmt: skip


def _app(connection: str) -> Any:
    from inside import hooks  # type: ignore[import-not-found]

    # Nobody attaches a debugger; loading one takes a good part of the start.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    config = Config()
    config.IPKernelApp.outstream_class = "inside.streams.BoundedStream"
    config.IPKernelApp.connection_file = connection
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"

    class Application(IPKernelApp):
        def log_connection_info(self) -> None:
            """Say nothing: the program outside knows."""

    app = Application.instance(config=config)
    app.initialize([])  # type: ignore[no-untyped-call]
    hooks.install(app)
    del sys.modules["debugpy"]
    return app


def _settle() -> None:
    """Set what printed tables look like, and draw once, which later saves a tenth of a second."""
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        for name, value in (
            ("display.max_rows", 30), ("display.min_rows", 10), ("display.max_columns", 20),
            ("display.width", 120), ("display.max_colwidth", 60),
        ):  # fmt: skip
            pandas.set_option(name, value)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        figure, axes = pyplot.subplots()
        axes.plot([0, 1], label="a")
        axes.legend()
        figure.savefig(io.BytesIO(), format="png")
        pyplot.close(figure)
