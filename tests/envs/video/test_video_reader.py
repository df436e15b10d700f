"""The reader on ordinary, variable-rate, truncated and damaged files."""

import random
import tracemalloc

import numpy as np
import pytest

from tracegraph.envs.video import DamagedError, FrameCache, Video, VideoError
from tracegraph.envs.video.audio import Audio, read_audio
from tracegraph.envs.video.damage import Taint
from tracegraph.envs.video.events import COLOURS, Event
from tracegraph.envs.video.packets import PacketIndex
from tracegraph.envs.video.plan import make_plan
from tracegraph.envs.video.scene import Mover, Scene
from tracegraph.envs.video.writer import write_video


def numbered(count, size=(96, 64)):
    """Pictures that tell their number by four grey squares, 0 to 255."""
    width, height = size
    for number in range(count):
        rgb = np.full((height, width, 3), 128, np.uint8)
        for bit in range(8):
            rgb[:, bit * width // 8 : (bit + 1) * width // 8] = 230 if number >> bit & 1 else 20
        yield rgb


def number_of(rgb):
    width = rgb.shape[1]
    middles = [rgb[:, int((bit + 0.5) * width / 8)].mean() > 128 for bit in range(8)]
    return sum(1 << bit for bit, on in enumerate(middles) if on)


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    """200 pictures at 10 a second, keyframes every 20."""
    path = tmp_path_factory.mktemp("steady") / "steady.mp4"
    write_video(path, ((n / 10, rgb) for n, rgb in enumerate(numbered(200))), gop=20)
    return path


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A minute of scenes with much detail, so that damage hits pictures."""
    path = tmp_path_factory.mktemp("scenes") / "scenes.mp4"

    def pictures():
        for scene in range(6):
            event = Event(list(COLOURS)[scene], "triangle", "left")
            drawn = Scene([Mover(event)], width=320, height=180, seed=scene)
            for number in range(100):
                yield scene * 10 + number / 10, drawn.draw(number / 100)[0]

    write_video(path, pictures(), gop=50)
    return path


def test_pictures_by_time_are_the_right_ones(steady):
    video = Video(steady)
    assert video.seconds == pytest.approx(20)
    times = [0.0, 0.04, 3.31, 7.0, 19.99, 99.0]
    frames = list(video.frames(times))
    assert [number_of(frame.rgb) for frame in frames] == [0, 33, 70, 199]
    assert [frame.ref.index for frame in frames] == [0, 33, 70, 199]
    assert frames[1].ref.time_s == pytest.approx(3.3)
    assert frames[1].wanted_s == 3.31
    assert [frame.ref.keyframe for frame in frames] == [True, False, False, False]
    assert video.report.clean


def test_variable_rates_are_read_by_their_own_times(tmp_path):
    # 10 pictures a second, then 30, then 5: addressing by a mean rate is off by seconds.
    times = [n / 10 for n in range(60)]
    times += [6 + n / 30 for n in range(120)] + [10 + n / 5 for n in range(50)]
    path = tmp_path / "vfr.mp4"
    write_video(path, zip(times, numbered(230), strict=True), gop=30)
    video = Video(path)
    wanted = [0.25, 5.95, 6.51, 9.99, 12.3, 19.7]
    frames = list(video.frames(wanted))
    right = [max(n for n, t in enumerate(times) if t <= w + 1e-6) for w in wanted]
    assert [number_of(frame.rgb) for frame in frames] == right
    assert [f.ref.time_s for f in frames] == pytest.approx([times[n] for n in right], abs=1e-3)
    by_mean_rate = [round(w * video.info.rate) for w in wanted]
    assert by_mean_rate != right


def test_a_truncated_file_gives_what_is_there_and_says_so(scenes, tmp_path):
    whole = {f.ref.pts: f.rgb for f in Video(scenes).frames(Video(scenes).every(1.0))}
    path = tmp_path / "cut.mp4"
    path.write_bytes(scenes.read_bytes()[: int(scenes.stat().st_size * 0.6)])
    video = Video(path)
    frames = list(video.frames([*video.every(1.0), 55.0]))
    assert video.report.truncated
    assert 20 < video.seconds < 50
    assert "ends early" in str(video.report)
    assert video.report.left_out == [55.0]
    assert max(frame.ref.time_s for frame in frames) < video.seconds
    for frame in frames:
        if frame.ref.pts in whole:
            assert (frame.rgb == whole[frame.ref.pts]).all()


def damage(source, path, seed):
    """Write a copy of a video with 20 places of its pictures overwritten."""
    data = bytearray(source.read_bytes())
    draw = random.Random(seed)
    begin = data.index(b"mdat") + 8
    for _ in range(20):
        place = draw.randrange(begin, len(data) - 16)
        data[place : place + 16] = draw.randbytes(16)
    path.write_bytes(data)


def wrong_ones(frames, whole):
    return [f for f in frames if abs(f.rgb - whole[f.ref.pts]).mean() > 2]


def test_damaged_pictures_are_not_trusted(scenes, tmp_path):
    times = Video(scenes).every(0.5)
    whole = {f.ref.pts: f.rgb.astype(int) for f in Video(scenes).frames(Video(scenes).every(0.1))}
    path = tmp_path / "damaged.mp4"
    wrong, slipped, given = [], [], 0
    # Not every damage can be seen in the data, so several files together.
    for seed in range(5):
        damage(scenes, path, seed)
        wrong += wrong_ones(Video(path, damaged="keep").frames(times), whole)
        near = list(Video(path, damaged="nearest").frames(times))
        assert all(frame.ref.trusted for frame in near)
        given += len(near)
        slipped += wrong_ones(near, whole)
    assert len(wrong) > 50
    assert sum(not frame.ref.trusted for frame in wrong) >= 0.8 * len(wrong)
    assert len(slipped) <= 0.05 * given


def test_damage_is_told_and_met_as_asked(scenes, tmp_path):
    path = tmp_path / "damaged.mp4"
    damage(scenes, path, seed=4)
    times = Video(scenes).every(0.5)
    video = Video(path, damaged="nearest")
    assert list(video.frames(times))
    assert video.report.replaced
    assert not video.report.clean
    assert len(list(Video(path, damaged="skip").frames(times))) < len(times)
    with pytest.raises(DamagedError, match="damaged"):
        list(Video(path, damaged="fail").frames(times))


def test_after_damage_nothing_is_trusted_until_a_keyframe():
    taint = Taint()
    assert taint.trusts(keyframe=True, corrupt=False)
    taint.error()
    assert not taint.trusts(keyframe=False, corrupt=False)
    assert taint.trusts(keyframe=True, corrupt=False)
    assert not taint.trusts(keyframe=True, corrupt=True)
    assert not taint.trusts(keyframe=False, corrupt=False)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 99])
def test_what_is_no_video_is_an_error_with_its_name(tmp_path, content):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        Video(path)


def test_few_far_pictures_are_sought_and_many_near_ones_scanned():
    from fractions import Fraction

    index = PacketIndex(
        tuple(range(10_000)), tuple(range(0, 10_000, 250)), Fraction(1, 30), 333.0, False
    )
    few = make_plan(index, [100, 5_100, 9_900])
    assert [leg.start for leg in few] == [None, 5_000, 9_750]
    many = make_plan(index, range(0, 10_000, 5))
    assert [leg.start for leg in many] == [None]
    assert many[0].cost <= 10_000
    assert sum(leg.cost for leg in few) < 500


def test_memory_stays_bounded(tmp_path):
    path = tmp_path / "large.mp4"
    write_video(path, ((n / 10, rgb) for n, rgb in enumerate(numbered(250, (1280, 720)))), gop=50)
    video = Video(path)
    tracemalloc.start()
    seen = sum(1 for _ in video.frames(video.every(0.1)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == 250
    assert peak < 40e6  # a picture has 2.8 MB: all of them would be 690 MB


def test_the_cache_gives_the_same_frames_and_decodes_nothing_twice(steady, tmp_path, monkeypatch):
    cache = FrameCache(tmp_path / "frames")
    cold = list(cache.frames(Video(steady), [1.0, 2.0, 3.0], longest=64))
    video = Video(steady)
    asked = []
    real = video.frames
    monkeypatch.setattr(video, "frames", lambda times, **k: asked.append(times) or real(times, **k))
    warm = list(cache.frames(video, [1.0, 2.0, 2.5, 3.0], longest=64))
    assert asked == [[2.5]]
    assert [f.ref.time_s for f in warm] == pytest.approx([1.0, 2.0, 2.5, 3.0])
    assert [f.hash for f in cold] == [warm[n].hash for n in (0, 1, 3)]
    assert warm[0].rgb.shape == (43, 64, 3)


def test_sound_is_on_the_clock_of_the_pictures(tmp_path):
    rate = 16_000
    t = np.arange(rate * 6) / rate
    loud = np.where((t > 2) & (t < 3), np.sin(2 * np.pi * 440 * t) * 12_000, 0).astype(np.int16)
    path = tmp_path / "sound.mp4"
    write_video(
        path, ((n / 10, rgb) for n, rgb in enumerate(numbered(60))), audio=Audio(loud, rate, 0.0)
    )
    part = read_audio(path, start=1.5, end=4.0)
    assert part.seconds == pytest.approx(2.5, abs=0.01)
    energy = np.abs(part.samples.astype(float))
    heard = part.start_s + np.flatnonzero(energy > 4_000)[[0, -1]] / part.rate
    assert heard == pytest.approx([2.0, 3.0], abs=0.08)
    assert part.wav()[:4] == b"RIFF"
    silent = tmp_path / "silent.mp4"
    write_video(silent, ((n / 10, rgb) for n, rgb in enumerate(numbered(5))))
    with pytest.raises(VideoError, match="no sound"):
        read_audio(silent)
