"""Parsers: the published form exactly, and what else models write."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.agents.omni_r1.agent import example_answer
from tracegraph.agents.omni_r1.parse import (
    Moment,
    read_leniently,
    read_strictly,
    seconds_of,
)

GOOD = (
    "<think>I look.</think><answer>"
    '{"start_time":"00:01.50","end_time":"00:02.00","description":"the {red} dog"} '
    '{"start_time":"01:03.5","end_time":"01:04.0","description":"a \\"quoted\\" cat"}</answer>'
)
MOMENTS = [Moment(1.5, 2.0, "the {red} dog"), Moment(63.5, 64.0, 'a "quoted" cat')]


def test_the_published_form():
    for read in (read_strictly, read_leniently):
        reading = read(GOOD)
        assert reading.form
        assert reading.thought == "I look."
        assert reading.moments == MOMENTS
        assert reading.repairs == {}


def item(**fields):
    told = {"start_time": "00:01.0", "end_time": "00:02.0", "description": "x"} | fields
    return f"<think>t</think><answer>{json.dumps(told)}</answer>"


@pytest.mark.parametrize(
    ("text", "flags", "lenient"),
    [
        (item(start_time="1.0"), (True, False), Moment(1, 2, "x")),
        (item(start_time=1), (True, False), Moment(1, 2, "x")),
        (item(extra=1), (True, False), Moment(1, 2, "x")),
        (item(start_time="00:05.0"), (True, True), Moment(2, 5, "x")),
        ("<think></think><answer>{'start': '3 s', 'query': 'y'}</answer>", (False, False),
         Moment(3, 3, "y")),
        ('<think></think><answer>{"start_time": "00:07.0", "description": "z"', None,
         Moment(7, 7, "z")),
    ],
)  # fmt: skip
def test_what_deviates_has_no_moment_strictly_and_its_meaning_leniently(text, flags, lenient):
    strict = read_strictly(text)
    assert strict.moments == []
    if flags is not None:
        assert (strict.items[0].parsed, strict.items[0].formed) == flags
    reading = read_leniently(text)
    assert reading.moments == [lenient]
    assert reading.repairs["item"] == 1


def test_without_tags_and_in_a_list():
    text = 'Sure!\n[{"start": 4, "end": 6, "caption": "a"}, {"start": "0:08", "text": "b"}]'
    assert not read_strictly(text).form
    reading = read_leniently(text)
    assert reading.moments == [Moment(4, 6, "a"), Moment(8, 8, "b")]
    assert reading.repairs == {"form": 1, "item": 2}


def test_a_description_alone():
    text = "<think>it barks</think>\n<answer> the dog on the left </answer>"
    assert read_strictly(text).description == "the dog on the left"


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    for wrapped in (text, f"<think>{text}</think><answer>{{{text}</answer>"):
        read_strictly(wrapped)
        for moment in read_leniently(wrapped).moments:
            assert 0 <= moment.start <= moment.end


@given(st.floats(0.5, 3000), st.integers(0, 10_000))
def test_examples_are_in_the_form_and_in_the_video(seconds, seed):
    reading = read_strictly(f"<think>t</think><answer>{example_answer(seconds, seed)}</answer>")
    assert len(reading.moments) == 2
    assert all(0 <= m.start <= m.end <= seconds + 0.01 for m in reading.moments)
    assert example_answer(seconds, seed) == example_answer(seconds, seed)


def test_examples_differ_from_seed_to_seed():
    assert len({example_answer(60, seed) for seed in range(50)}) == 50


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("01:02.5", 62.5), ("1:02:03", 3723), ("62.5 s", 62.5), (7, 7), (-1, None), ("soon", None),
     (True, None), (None, None)],
)  # fmt: skip
def test_times_in_any_notation(value, seconds):
    assert seconds_of(value) == seconds
