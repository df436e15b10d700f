"""`tracegraph desktop serve`, `view`, and Ctrl-C."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

COMMAND = [str(Path(sys.executable).with_name("tracegraph")), "desktop"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
def test_a_served_desktop_is_looked_at_and_recorded_until_ctrl_c(tmp_path):
    video = tmp_path / "out.mp4"
    serve = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--app", "mousepad", "--record", str(video)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        url = serve.stdout.readline().split()[-1]
        token = serve.stdout.readline().split()[-1]
        picture = httpx.get(f"{url}/screenshot", params={"token": token}, timeout=60)
        assert picture.content.startswith(b"\x89PNG")
        seen = subprocess.run(
            [*COMMAND, "view", url, "--token", token],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "vncviewer 127.0.0.1::" in seen.stdout, seen.stderr
        wrong = subprocess.run(
            [*COMMAND, "view", url, "--token", "x"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (wrong.returncode, "token" in wrong.stderr) == (1, True)
    finally:
        serve.send_signal(signal.SIGINT)
        try:
            _, err = serve.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            serve.kill()
            raise
    assert serve.returncode in (0, 130), err
    assert "Traceback" not in err
    assert b"ftyp" in video.read_bytes()[:32]
