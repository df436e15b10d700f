"""The reader: pictures of a file by time, exact on variable frame rates, honest on damage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from tracegraph.envs.video.clock import FrameRef, VideoInfo
from tracegraph.envs.video.damage import Damaged, DamageReport, Taint
from tracegraph.envs.video.errors import DamagedError, VideoError
from tracegraph.envs.video.frame import Frame, load_av
from tracegraph.envs.video.packets import PacketIndex, read_index
from tracegraph.envs.video.plan import Leg, make_plan

Decoder = Literal["pyav", "torchcodec"]

VERSION = 1  # of what the reader gives; caches of its pictures depend on it


class Video:
    """A video file, opened for reading by time.

        video = Video("talk.mp4")
        for frame in video.frames(video.every(1.0), longest=448):
            print(frame.ref.time_s, frame.rgb.shape)

    Pictures are named by their pts. Which one is shown at a time comes from an index of all
    pictures that is read once, without decoding, so nothing is worked out from a frame rate.

    Args:
        path: the file.
        damaged: what to do with pictures that cannot be believed; see `Damaged`.
        threads: of the decoder; 0 lets it choose.
        decoder: "torchcodec" gives the same pictures of files that are whole, and stops at damage,
            whatever ``damaged`` says.

    Raises:
        VideoError: it is no video.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        damaged: Damaged = "nearest",
        threads: int = 0,
        decoder: Decoder = "pyav",
    ) -> None:
        self.path = str(path)
        self.damaged = damaged
        self.decoder = decoder
        self.threads = threads
        self.info: VideoInfo
        self.index: PacketIndex
        self.info, self.index = read_index(self.path)
        self.report = DamageReport(truncated=self.index.truncated, end_s=self.index.end_s)

    @property
    def seconds(self) -> float:
        """Seconds of pictures that are there; less than the header says if it was cut off."""
        return self.index.end_s

    def every(self, seconds: float = 1.0) -> list[float]:
        """Return times at equal distances, the first at 0."""
        count = max(1, int(self.seconds / seconds + 1e-9))
        return [number * seconds for number in range(count)]

    def keyframe_times(self) -> list[float]:
        """Return the times of the keyframes: pictures that cost little to reach."""
        return [self.index.time_of(pts) for pts in self.index.keyframes]

    def plan(self, times: Sequence[float]) -> list[Leg]:
        """Return how the pictures at these times will be reached."""
        return make_plan(self.index, map(self.index.shown_at, times))

    def frames(self, times: Sequence[float], *, longest: int | None = None) -> Iterator[Frame]:
        """Give the pictures on screen at these times, in the order of time, one at a time.

        Times that show the same picture give it once; times after the end give the last one, and
        nothing where the file was cut off. Only a few pictures are in memory at any
        moment, whatever the length of the file.

        Args:
            times: seconds from the first picture.
            longest: pixels of the longer side; larger pictures are made smaller.

        Raises:
            DamagedError: a picture is damaged, and ``damaged`` is "fail".
            MissingExtraError: torchcodec is asked for and not installed.
            VideoError: the file can no longer be read.
        """
        asked: dict[int, float] = {}
        for time_s in sorted(times):
            if self.index.truncated and time_s >= self.index.end_s:
                self.report.left_out.append(time_s)  # the last picture there is another one
                continue
            asked.setdefault(self.index.shown_at(time_s), time_s)
        if self.decoder == "torchcodec":
            from tracegraph.envs.video.with_torchcodec import pictures

            yield from pictures(self.info, self.index, asked, longest=longest, threads=self.threads)
            return
        av = load_av()
        try:
            with av.open(self.path) as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                stream.thread_count = self.threads
                if self.damaged != "keep":
                    # Refused rather than patched up: fewer damaged pictures pass as good ones.
                    stream.codec_context.options = {"err_detect": "explode"}
                for leg in make_plan(self.index, asked):
                    yield from self._leg(container, stream, leg, asked, longest)
        except (av.error.FFmpegError, OSError) as error:
            raise VideoError(f"{self.path} can no longer be read: {error}") from error

    def _leg(
        self, container: Any, stream: Any, leg: Leg, asked: dict[int, float], longest: int | None
    ) -> Iterator[Frame]:
        if leg.start is not None:
            container.seek(leg.start, stream=stream, backward=True, any_frame=False)
        wanted = set(leg.targets)
        taint = Taint()
        good: tuple[Any, FrameRef] | None = None  # the last picture to be believed
        waiting: list[int] = []  # damaged pictures, until the next good one shows which is nearer
        for picture in self._decode(container, stream, taint):
            if leg.start is not None and picture.pts < leg.start:
                continue  # made from pictures before the seek, which were not decoded
            ref = self._ref(picture, taint)
            due = {pts for pts in wanted if pts <= ref.pts}
            wanted -= due
            for pts in sorted(due):
                if ref.trusted and pts == ref.pts:
                    continue
                if self.damaged == "keep" and pts == ref.pts:
                    yield self._frame(picture, ref, asked[pts], longest)
                else:
                    waiting.append(pts)
            if ref.trusted:
                yield from self._settle(waiting, good, (picture, ref), asked, longest)
                waiting.clear()
                good = (picture, ref)
                if ref.pts in due:
                    yield self._frame(picture, ref, asked[ref.pts], longest)
            if not wanted and not waiting:
                return
        waiting.extend(sorted(wanted))
        yield from self._settle(waiting, good, None, asked, longest)

    def _decode(self, container: Any, stream: Any, taint: Taint) -> Iterator[Any]:
        av = load_av()
        last = 0.0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError as error:
                self._failed(last, error, taint)
                return
            if packet.is_corrupt:
                self._failed(last, "a packet is marked as corrupt", taint)
            try:
                pictures = packet.decode()
            except av.error.FFmpegError as error:
                self._failed(last, error, taint)
                continue
            for picture in pictures:
                if picture.pts is not None:
                    last = self.index.time_of(picture.pts)
                    yield picture

    def _failed(self, time_s: float, error: object, taint: Taint) -> None:
        taint.error()
        self.report.errors.append((time_s, str(error)))

    def _ref(self, picture: Any, taint: Taint) -> FrameRef:
        key = bool(picture.key_frame)
        trusted = taint.trusts(keyframe=key, corrupt=bool(picture.is_corrupt))
        self.report.untrusted += not trusted
        pts = picture.pts
        return FrameRef(pts, self.index.time_of(pts), self.index.number(pts), key, trusted)

    def _settle(
        self,
        waiting: list[int],
        before: tuple[Any, FrameRef] | None,
        after: tuple[Any, FrameRef] | None,
        asked: dict[int, float],
        longest: int | None,
    ) -> Iterator[Frame]:
        """Decide about damaged pictures between two good ones."""
        given: set[int] = set()
        for pts in waiting:
            time_s = asked[pts]
            if self.damaged == "fail":
                raise DamagedError(
                    f"{self.path}: the picture at {time_s:.2f} s is damaged; read with "
                    "damaged='nearest' or 'skip' to go on"
                )
            around = [found for found in (before, after) if found is not None]
            if self.damaged == "skip" or not around:
                self.report.left_out.append(time_s)
                continue
            picture, ref = min(around, key=lambda found: abs(found[1].pts - pts))
            self.report.replaced.append(time_s)
            if ref.pts not in given and ref.pts not in asked:
                given.add(ref.pts)
                yield self._frame(picture, ref, time_s, longest)

    def _frame(self, picture: Any, ref: FrameRef, wanted_s: float, longest: int | None) -> Frame:
        import numpy as np

        width, height = picture.width, picture.height
        if longest is not None and max(width, height) > longest:
            scale = longest / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        rgb = picture.to_ndarray(format="rgb24", width=width, height=height)
        if turns := round(picture.rotation / 90) % 4:
            rgb = np.ascontiguousarray(np.rot90(rgb, turns))
        return Frame(ref, rgb, wanted_s)
