"""The sound track."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.envs.video.errors import VideoError
from tracegraph.envs.video.frame import load_av

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound, one channel.

    Attributes:
        samples: int16.
        rate: samples a second.
        start_s: the time of the first sample, on the clock of the pictures.
    """

    samples: npt.NDArray[np.int16]
    rate: int
    start_s: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate

    def wav(self) -> bytes:
        """Return it as a WAV file."""
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(self.samples.tobytes())
        return buffer.getvalue()


def read_audio(
    path: str | Path, *, rate: int = 16_000, start: float = 0.0, end: float | None = None
) -> Audio:
    """Return the sound of a part of a video.

    Args:
        path: the file.
        rate: samples a second to convert to.
        start, end: seconds from the first picture; None is the end of the file.

    Raises:
        VideoError: there is no sound track, or it cannot be read.
    """
    import numpy as np

    av = load_av()
    pieces: list[npt.NDArray[np.int16]] = []
    first: float | None = None
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise VideoError(f"{path} has no sound track")
            stream = container.streams.audio[0]
            pictures = container.streams.video
            zero = 0.0
            if pictures and pictures[0].start_time is not None:
                zero = float(pictures[0].start_time * pictures[0].time_base)
            if start > 0:
                container.seek(int((zero + start) / stream.time_base), stream=stream)
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            for sound in container.decode(stream):
                time_s = float(sound.pts * sound.time_base) - zero if sound.pts is not None else 0.0
                if end is not None and time_s >= end:
                    break
                first = time_s if first is None else first
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(sound)]
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"the sound of {path} cannot be read: {error}") from error
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    begins = first or 0.0
    low = max(0, round((start - begins) * rate))
    high = len(samples) if end is None else max(low, round((end - begins) * rate))
    return Audio(samples[low:high].astype(np.int16), rate, begins + low / rate)
