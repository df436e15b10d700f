"""Decoding: the reader with both decoders, OpenCV, decord: seconds, memory, right pictures.

    python -m benchmarks.video            # every reader that is installed, each in its own process

Three files are made: a clean one of ten minutes, one whose rate varies, one that is cut off. Each
picture tells its own number, so a wrong one is seen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

# tracegraph decodes with PyAV; torchcodec is its other decoder.
READERS = ("tracegraph", "torchcodec", "opencv", "decord")
WIDTH, HEIGHT, BITS = 1280, 720, 16


def picture(number: int) -> np.ndarray:
    """A picture with its number in sixteen grey bars, and something that moves."""
    rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for bit in range(BITS):
        left, right = bit * WIDTH // BITS, (bit + 1) * WIDTH // BITS
        rgb[: HEIGHT // 4, left:right] = 230 if number >> bit & 1 else 20
    x = number * 7 % (WIDTH - 120)
    rgb[400:520, x : x + 120] = (200, 60, 40)
    return rgb


def number_of(rgb: np.ndarray) -> int:
    """The number that a picture tells."""
    high, wide = rgb.shape[:2]
    bars = [rgb[: high // 5, int((b + 0.5) * wide / BITS)].mean() > 125 for b in range(BITS)]
    return sum(1 << bit for bit, on in enumerate(bars) if on)


def times_of(kind: str, seconds: int) -> list[float]:
    """When each picture of a file is shown."""
    if kind != "vfr":
        return [n / 10 for n in range(seconds * 10)]
    third = seconds // 3
    times = [n / 10 for n in range(third * 10)]
    times += [third + n / 20 for n in range(third * 20)]
    return times + [2 * third + n / 4 for n in range(third * 4)]


def make(folder: Path, seconds: int) -> None:
    """Write the three files."""
    from tracegraph.envs.video.writer import write_video

    for kind, length in (("clean", seconds), ("vfr", 60)):
        times = times_of(kind, length)
        pictures = ((time_s, picture(n)) for n, time_s in enumerate(times))
        write_video(folder / f"{kind}.mp4", pictures, gop=250)
    data = (folder / "clean.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(data[: int(len(data) * 0.6)])


def read(reader: str, path: str, wanted: list[float]) -> list[tuple[float, int]]:
    """Return (time asked for, number seen), with each reader used as its documentation shows."""
    if reader in ("tracegraph", "torchcodec"):
        from tracegraph.envs.video import Video

        video = Video(path, decoder="torchcodec" if reader == "torchcodec" else "pyav")
        return [(f.wanted_s, number_of(f.rgb)) for f in video.frames(wanted, longest=640)]
    if reader == "opencv":
        import cv2

        capture = cv2.VideoCapture(path)
        rate = capture.get(cv2.CAP_PROP_FPS)
        found = []
        for time_s in wanted:
            capture.set(cv2.CAP_PROP_POS_FRAMES, int(time_s * rate + 1e-6))
            good, bgr = capture.read()
            if good:
                found.append((time_s, number_of(bgr)))
        return found
    import decord

    opened = decord.VideoReader(path)
    rate = opened.get_avg_fps()
    indices = [min(len(opened) - 1, int(time_s * rate + 1e-6)) for time_s in wanted]
    return [(t, number_of(opened[i].asnumpy())) for t, i in zip(wanted, indices, strict=True)]


def peak_mb() -> int:
    """The most memory that this process has had; getrusage also counts its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def measure(reader: str, folder: Path, kind: str, count: int, seconds: int) -> dict[str, object]:
    """Read, and tell what it took; run in a process of its own."""
    length = 60 if kind == "vfr" else seconds
    times = times_of(kind, length)
    wanted = [(n + 0.52) * length / count for n in range(count)]
    started, spent = time.perf_counter(), time.process_time()
    try:
        found = read(reader, str(folder / f"{kind}.mp4"), wanted)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error)[:60]}"}
    right = 0
    for time_s, number in found:
        right += number == max(n for n, shown in enumerate(times) if shown <= time_s + 1e-6)
    return {
        "wall": round(time.perf_counter() - started, 2),
        "cpu": round(time.process_time() - spent, 2),
        "MB": peak_mb(),
        "given": len(found),
        "right": right,
        "asked": count,
    }


def main() -> None:
    if len(sys.argv) > 2:
        reader, folder, kind, count, seconds = sys.argv[1:]
        print(json.dumps(measure(reader, Path(folder), kind, int(count), int(seconds))))
        return
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), seconds)
        print(f"{'file':<6} {'frames':>6} {'reader':<11} wall s   cpu s    MB  given  right")
        for kind, count in (("clean", 64), ("clean", seconds), ("vfr", 60), ("cut", 60)):
            for reader in READERS:
                command = [sys.executable, "-m", "benchmarks.video", reader, folder, kind,
                           str(count), str(seconds)]  # fmt: skip
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                lines = done.stdout.splitlines() or ['{"error": "it crashed"}']
                found = json.loads(lines[-1])
                told = found.get("error") or (
                    f"{found['wall']:6.2f}  {found['cpu']:6.2f} {found['MB']:5} "
                    f"{found['given']:6} {found['right']:6}"
                )
                print(f"{kind:<6} {count:6} {reader:<11} {told}", flush=True)


if __name__ == "__main__":
    main()
