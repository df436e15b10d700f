"""Video of a desktop: ffmpeg inside it, an mp4 at the end."""

from __future__ import annotations

import uuid

from tracegraph.envs.desktop.protocol import Desktop, DesktopError

_WAIT = "for i in $(seq 200); do kill -0 {pid} 2>/dev/null || exit 0; sleep 0.05; done; exit 1"


class Recording:
    """A recording that runs. ``Recording.start(desktop)`` begins one, ``stop()`` returns it."""

    def __init__(self, desktop: Desktop, path: str, pid: int) -> None:
        self._desktop = desktop
        self._path = path
        self._pid = pid

    @classmethod
    async def start(cls, desktop: Desktop, *, rate: int = 10) -> Recording:
        """Begin with ``rate`` pictures a second; raises DesktopError when ffmpeg is missing."""
        path = f"/tmp/.recording-{uuid.uuid4().hex}.mp4"
        # In fragments, so that what was recorded stays readable whatever ends it.
        argv = (
            f"ffmpeg -nostdin -loglevel error -f x11grab -draw_mouse 1 -framerate {rate} -i :0 "
            "-c:v libx264 -preset ultrafast -crf 28 -threads 1 -pix_fmt yuv420p "
            f"-movflags frag_keyframe+empty_moov {path}"
        )
        told = await desktop.exec(
            ["/bin/sh", "-c", f"command -v ffmpeg >/dev/null || exit 127; {argv} >{path}.log 2>&1 "
             "</dev/null & echo $!"]
        )  # fmt: skip
        if told.code != 0 or not told.stdout.strip().isdigit():
            raise DesktopError("recording needs ffmpeg: apt-get install ffmpeg")
        return cls(desktop, path, int(told.stdout))

    async def stop(self) -> bytes:
        """End it and return the mp4; raises DesktopError when there is none."""
        await self._desktop.exec(
            ["/bin/sh", "-c", f"kill -INT {self._pid}; {_WAIT.format(pid=self._pid)}"]
        )
        try:
            return await self._desktop.get(self._path)
        except FileNotFoundError:
            log = await self._desktop.exec(["cat", f"{self._path}.log"])
            raise DesktopError(f"nothing was recorded: {log.stdout.strip() or '?'}") from None
