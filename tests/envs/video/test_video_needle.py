"""Needles: events, clips, splices, the detector that answers, the environment, the page."""

import pytest

from tracegraph.envs.video import Haystacks, Look, Reply, Span, Video, VideoDataError, VideoEnv
from tracegraph.envs.video.answering.detecting import DetectorAnswerer, answer_from
from tracegraph.envs.video.clock import clock
from tracegraph.envs.video.detector import detect
from tracegraph.envs.video.events import COLOURS, SHAPES, Event, split_labels
from tracegraph.envs.video.metrics import precision_at_k, recall_at_k, span_recall
from tracegraph.envs.video.scene import Mover, Scene
from tracegraph.envs.video.strip import Strip, write_strip
from tracegraph.envs.video.synthetic import ClipStyle, render_clips, splice

LABELS = ["red circle", "blue square", "green triangle", "cyan cross", "red square"]


@pytest.fixture(scope="module")
def needle(tmp_path_factory):
    """A spliced file of six clips, the target twice in it."""
    folder = tmp_path_factory.mktemp("needle")
    clips = render_clips(folder, LABELS, each=2, style=ClipStyle(seconds=6.0))
    task = Haystacks(clips, clips, clips=6, repeats=2).build(0, seed=1)
    return splice(task, folder / "needle.mp4")


def test_held_out_events_are_new_combinations_of_known_parts():
    asked, kept = split_labels(6)
    assert len(asked) == 18
    assert not set(asked) & set(kept)
    assert {label.split()[0] for label in asked} == set(COLOURS)
    assert {label.split()[1] for label in asked} == set(SHAPES)
    with pytest.raises(VideoDataError):
        split_labels(23)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_detector_finds_what_is_drawn(colour, shape):
    event = Event(colour, shape, "left")
    rgb, masks = Scene([Mover(event)], seed=hash(shape) % 99).draw(0.4)
    (found,) = detect(rgb)
    assert found.label == event.label
    overlap = (found.mask & masks[event.label]).sum() / (found.mask | masks[event.label]).sum()
    assert overlap > 0.95


def test_a_splice_is_where_it_says(needle):
    assert Video(needle.video).seconds == pytest.approx(36)
    assert all(
        second.start > first.end
        for first, second in zip(needle.spans, needle.spans[1:], strict=False)
    )
    label = needle.info["label"]
    for frame in Video(needle.video).frames(Video(needle.video).every(1.0)):
        inside = any(frame.ref.time_s in span for span in needle.spans)
        assert (label in {one.label for one in detect(frame.rgb)}) == inside
    clip, time_s = needle.clip_at(needle.spans[0].start + 1)
    assert (clip.label, time_s) == (label, 1)


def test_the_same_number_is_the_same_task():
    clips = [Event(*label.split(), "up") for label in LABELS]
    from tracegraph.envs.video.needle import event_clip

    made = [event_clip(f"{n}.mp4", event, 5.0) for n, event in enumerate(clips)]
    haystacks = Haystacks(made, made, clips=4, repeats=1)
    assert haystacks.build(3, seed=2) == haystacks.build(3, seed=2)
    assert haystacks.build(3, seed=2) != haystacks.build(3, seed=3)
    with pytest.raises(VideoDataError, match="distractors are needed"):
        Haystacks(made, made, clips=9).build(0)


async def test_the_detector_answers_from_frames_of_the_needle_only(needle):
    span = needle.spans[0]
    video = Video(needle.video)
    ask = DetectorAnswerer()
    inside = list(video.frames([span.start + 1, span.start + 4]))
    answer = await ask.answer(needle.question, needle.options, inside, "")
    assert answer.choice == needle.answer
    assert not answer.notes
    outside = [t for t in video.every(1.0) if not any(t in s for s in needle.spans)]
    blind = await ask.answer(needle.question, needle.options, list(video.frames(outside)), "")
    assert blind.notes == {"guessed": 1}


def test_two_passages_are_not_one_movement():
    seen = [(0.0, "red circle", 0.5, 0.5), (30.0, "red circle", 0.9, 0.5)]
    assert answer_from("Where does the red circle go?", ("left", "right"), seen)[1] is False


async def test_an_episode_of_the_environment(needle):
    env = VideoEnv()
    seen = await env.reset(needle)
    assert seen.seconds == pytest.approx(36)
    start = needle.spans[0].start
    outside = next(t for t in range(36) if not any(t in span for span in needle.spans))
    looked = await env.step(Look((start + 1, start + 3, outside), final=True))
    assert len(looked.observation.frames) == 3
    assert (await env.step(Reply("nowhere"))).done
    score = await env.evaluate()
    assert score.value == 0
    assert score.parts["precision"] == pytest.approx(2 / 3)
    assert "right is" in score.feedback
    await env.step(Reply(needle.answer))
    assert (await env.evaluate()).value == 1


def test_measures_of_frames():
    spans = [Span(10, 20), Span(40, 42)]
    times = [3.0, 10.0, 11.0, 20.0]
    assert precision_at_k(times, spans) == 0.5
    assert recall_at_k(times, spans) == pytest.approx(2 / 12)
    assert span_recall(times, spans) == 0.5
    assert (precision_at_k([], spans), recall_at_k([1.0], []), span_recall([1.0], [])) == (0, 0, 0)
    assert [clock(7.4), clock(59.96), clock(3725)] == ["0:07.4", "1:00.0", "1:02:05.0"]


def test_the_page_shows_frames_and_escapes_texts(needle, tmp_path):
    frames = list(Video(needle.video).frames([1.0, 9.0]))
    page = tmp_path / "strip.html"
    write_strip(
        page,
        Strip(
            "a<b", "What <i>moves</i>?", "left", 36.0, frames, [0.0, 18.0], [0.1, 0.9], needle.spans
        ),
    )
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") == 2
    assert "<dt>Question</dt><dd>What &lt;i&gt;moves&lt;/i&gt;?</dd>" in text
    assert "polyline" in text
    assert "0:09.0" in text
