"""torchcodec as the decoder: the same pictures at the same times, and no silence at damage."""

import numpy as np
import pytest

from tracegraph.envs.video import DamagedError, Video
from tracegraph.envs.video.events import Event
from tracegraph.envs.video.scene import Mover, Scene
from tracegraph.envs.video.writer import write_video


@pytest.fixture(scope="module", autouse=True)
def torchcodec():
    """Skip where it is missing, or does not load beside this torch and these ffmpeg libraries."""
    try:
        from torchcodec.decoders import VideoDecoder
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"torchcodec does not load here: {str(error).strip().splitlines()[0]}")
    return VideoDecoder


def film(path, times, **options):
    scene = Scene([Mover(Event("red", "cross", "left"))], width=192, height=108)
    write_video(path, ((t, scene.draw(t / times[-1])[0]) for t in times), **options)
    return path


@pytest.mark.parametrize("kind", ["steady", "variable"])
def test_both_decoders_give_the_same_pictures(tmp_path, kind):
    times = [n / 10 for n in range(80)]
    if kind == "variable":
        times = [n / 10 for n in range(20)]
        times += [2 + n / 30 for n in range(60)] + [4 + n / 4 for n in range(16)]
    path = film(tmp_path / "film.mp4", times, gop=25)
    wanted = [0.0, 1.55, 2.7, 2.71, 3.98, 5.3, 7.9]
    for longest, away in ((None, 0.0), (96, 3.0)):
        ours = list(Video(path).frames(wanted, longest=longest))
        theirs = list(Video(path, decoder="torchcodec").frames(wanted, longest=longest))
        assert [frame.ref for frame in theirs] == [frame.ref for frame in ours]
        assert [frame.wanted_s for frame in theirs] == [frame.wanted_s for frame in ours]
        for one, other in zip(ours, theirs, strict=True):
            assert one.rgb.shape == other.rgb.shape
            assert np.abs(one.rgb.astype(int) - other.rgb).mean() <= away


def test_an_error_of_the_decoder_names_the_other_one(tmp_path):
    path = film(tmp_path / "film.mp4", [n / 10 for n in range(60)], gop=60)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="decoder='pyav'"):
        list(Video(path, decoder="torchcodec").frames([0.1 * n for n in range(60)]))
