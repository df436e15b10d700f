"""Answering models: what is sent, whether the server saw it all, answers that are known."""

import asyncio
import base64
import json
import threading
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from tracegraph.envs.video import FrameRef, TruncatedError, VideoInfo
from tracegraph.envs.video.answering import (
    Answer,
    ImageAnswerer,
    RememberedAnswerer,
    VideoAnswerer,
    chosen,
)
from tracegraph.envs.video.answering.as_video import frame_options
from tracegraph.envs.video.frame import Frame, decode_picture
from tracegraph.models import LLM

INFO = VideoInfo("v.mp4", 64, 48, 600.0, "h264", 30.0, Fraction(1, 15360), False)
EACH = 66  # tokens a frame


def frames(count, step_s=7.0):
    made = []
    for n in range(count):
        rgb = np.full((48, 64, 3), n % 200, np.uint8)
        made.append(Frame(FrameRef(n, n * step_s, round(n * step_s * 30), n == 0), rgb, n * step_s))
    return made


class FakeVllm:
    """A server that takes frames as vLLM does: 32 of a video unless it is told otherwise."""

    def __init__(self, *, listens=True):
        self.bodies = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                status, answer = outer.answer(body, listens)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, body, listens):
        content = body["messages"][0]["content"]
        text = sum(len(part["text"]) // 4 for part in content if part["type"] == "text")
        seen = sum(part["type"] == "image_url" for part in content)
        for part in content:
            if part["type"] == "video_url":
                sent = part["video_url"]["url"].partition(",")[2].split(",")
                for data in sent:
                    decode_picture(base64.b64decode(data))
                told = body.get("media_io_kwargs", {}).get("video", {}) if listens else {}
                most = told.get("num_frames", 32)
                kept = len(sent) if most == -1 else min(len(sent), most)
                indices = told.get("frames_indices")
                if indices is not None and len(indices) != kept:
                    return 500, {"error": {"message": "frames and indices differ"}}
                seen += kept
        usage = {"prompt_tokens": 20 + text + EACH * seen, "completion_tokens": 2}
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "B."},
            "finish_reason": "stop",
        }
        return 200, {
            "id": "x",
            "object": "chat.completion",
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }


@pytest.fixture
def server(request):
    made = FakeVllm(**getattr(request, "param", {}))
    yield made
    made.server.shutdown()
    made.server.server_close()


def model(server):
    return LLM("hosted_vllm/m", base_url=server.url, api_key="none", store=False)


async def test_images_go_with_their_times(server):
    answer = await ImageAnswerer(model(server)).answer(
        "Which?", ("left", "up"), frames(3), "Which?"
    )
    assert answer.choice == "up"
    parts = server.bodies[0]["messages"][0]["content"]
    assert [p["text"] for p in parts if p["type"] == "text"] == [
        "<0.0 seconds>", "<7.0 seconds>", "<14.0 seconds>", "Which?",
    ]  # fmt: skip
    assert answer.prompt_tokens > 3 * EACH
    assert [frame["time_s"] for frame in answer.messages[0]["frames"]] == [0.0, 7.0, 14.0]


async def test_forty_frames_as_a_video_arrive_with_their_indices(server):
    answer = await VideoAnswerer(model(server), INFO).answer("Q", ("a", "b"), frames(40), "Q")
    assert answer.choice == "b"
    body = server.bodies[0]
    video = body["media_io_kwargs"]["video"]
    assert video["num_frames"] == -1
    assert video["frames_indices"] == [n * 210 for n in range(40)]
    assert video["total_num_frames"] == 18_000
    assert (video["fps"], video["duration"]) == (30.0, 600.0)
    assert body["mm_processor_kwargs"] == {"do_sample_frames": False}


@pytest.mark.parametrize("server", [{"listens": False}], indirect=True)
async def test_a_server_that_keeps_32_frames_is_found_out(server):
    asks = VideoAnswerer(model(server), INFO)
    with pytest.raises(TruncatedError, match="sent 40 frames and looked at about 32"):
        await asks.answer("Q", (), frames(40), "Q")
    assert (await asks.answer("Q", (), frames(30), "Q")).text == "B."


def test_on_variable_rates_the_indices_tell_the_times():
    made = [Frame(FrameRef(0, time_s, n, False), np.zeros((2, 2, 3), np.uint8), time_s)
            for n, time_s in enumerate((0.0, 11.5, 400.0))]  # fmt: skip
    told = frame_options(made, INFO)["media_io_kwargs"]["video"]
    assert [index / told["fps"] for index in told["frames_indices"]] == [0.0, 11.5, 400.0]


class FakeSlowAnswerer:
    name = "slow"

    def __init__(self):
        self.calls = 0

    async def answer(self, question, options, frames, prompt):
        self.calls += 1
        await asyncio.sleep(0.01)
        if question == "broken":
            raise TruncatedError("no")
        return Answer("x", cost=1.0)


async def test_the_same_frames_are_asked_about_once():
    slow = FakeSlowAnswerer()
    knows = RememberedAnswerer(slow)
    some = frames(4)
    done = await asyncio.gather(*(knows.answer("q", (), some, "q") for _ in range(8)))
    assert slow.calls == 1
    assert sum(answer.cost for answer in done) == 1.0
    await knows.answer("q", (), some[:3], "q")
    later = [Frame(FrameRef(9, 99.0, 9, False), f.rgb, 99.0) for f in some]
    await knows.answer("q", (), later, "q")
    assert slow.calls == 3
    for _ in range(2):
        with pytest.raises(TruncatedError):
            await knows.answer("broken", (), some, "broken")
    assert slow.calls == 5  # a failure is not remembered


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("B", "up"), ("(B)", "up"), ("A or rather B.", "up"), ("The answer is B", "up"),
        ("It moves up.", "up"), ("Up or left", ""), ("Z", ""), ("", ""), ("**A**", "left"),
    ],
)  # fmt: skip
def test_which_option_an_answer_means(text, meant):
    assert chosen(text, ("left", "up")) == meant
