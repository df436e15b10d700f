"""Ask a vision model with chosen frames as one video, in vLLM's form."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from tracegraph.envs.video.answering.images import as_answer
from tracegraph.envs.video.answering.protocol import Answer
from tracegraph.envs.video.clock import VideoInfo
from tracegraph.envs.video.errors import TruncatedError
from tracegraph.envs.video.frame import Frame
from tracegraph.models import LLM

# Servers that count a picture's tokens in pairs of frames may be off by one pair.
_SLACK = 2
_PROBES = (4, 8)


class VideoAnswerer:
    """A vision model on vLLM that is sent the chosen frames as a video with their indices.

    The model then reads its own time marks, at the right times. vLLM keeps 32 frames of a video
    unless told otherwise, and versions differ in what they listen to; so the tokens that the
    server counted are held against what this many frames must take.

    Args:
        llm: a model that vLLM serves.
        info: of the video that the frames come from; its mean rate turns indices into times on
            the server, so on variable frame rates the indices sent are times at that rate.
        max_tokens: of an answer.
        check: whether to measure, once a size of picture, how many tokens a frame takes.
    """

    def __init__(
        self, llm: LLM, info: VideoInfo, *, max_tokens: int = 64, check: bool = True
    ) -> None:
        self.llm = llm
        self.info = info
        self.max_tokens = max_tokens
        self.check = check
        self._per_frame: dict[tuple[int, ...], float] = {}

    @property
    def name(self) -> str:
        """The model and how frames are sent."""
        return f"{self.llm.model} video"

    async def answer(
        self, question: str, options: Sequence[str], frames: Sequence[Frame], prompt: str
    ) -> Answer:
        """Ask the model.

        Raises:
            TruncatedError: the server looked at fewer frames than it was sent.
        """
        done = await self._ask(frames, prompt, self.max_tokens)
        if self.check and len(frames) > min(_PROBES):
            await self._check(frames, prompt, done.usage.prompt_tokens)
        return as_answer(done, options, frames, prompt)

    async def _check(self, frames: Sequence[Frame], prompt: str, counted: int) -> None:
        shape = frames[0].rgb.shape
        few, more = (min(count, len(frames)) for count in _PROBES)
        if few == more:
            return
        first = (await self._ask(frames[:few], prompt, 1)).usage.prompt_tokens
        if shape not in self._per_frame:
            second = (await self._ask(frames[:more], prompt, 1)).usage.prompt_tokens
            self._per_frame[shape] = (second - first) / (more - few)
        each = self._per_frame[shape]
        if each <= 0:
            raise TruncatedError(
                f"{self.llm.model} counts as many tokens for {more} frames as for {few}: it does "
                "not tell frames apart; send them as images"
            )
        seen = few + (counted - first) / each
        if seen < len(frames) - _SLACK:
            raise TruncatedError(
                f"{self.llm.model} was sent {len(frames)} frames and looked at about {seen:.0f}; "
                'let the server take them all (--media-io-kwargs \'{"video": {"num_frames": '
                "-1}}') or send them as images"
            )

    async def _ask(self, frames: Sequence[Frame], prompt: str, max_tokens: int) -> Any:
        content = [video_part(frames), {"type": "text", "text": prompt}]
        told = frame_options(frames, self.info)
        # vLLM's own names stand beside the others; litellm passes on only what is in extra_body.
        extra = told if self.llm.model.startswith("vllm:") else {"extra_body": told}
        return await self.llm.complete(
            [{"role": "user", "content": content}], max_tokens=max_tokens, **extra
        )


def video_part(frames: Sequence[Frame]) -> dict[str, Any]:
    """Return the message part: JPEG files, in base64, separated by commas."""
    pictures = ",".join(base64.b64encode(frame.jpeg()).decode("ascii") for frame in frames)
    return {"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{pictures}"}}


def frame_options(frames: Sequence[Frame], info: VideoInfo) -> dict[str, Any]:
    """Return the options that tell vLLM which frames of which video these are."""
    rate = info.rate or 1.0
    # The server makes times as index / fps. Where the rate varies, the index that gives the
    # picture's time is not its number, and the time is what the model reads.
    indices = [round(frame.ref.time_s * rate) for frame in frames]
    total = max(round(info.duration_s * rate), indices[-1] + 1 if indices else 1)
    video = {
        "num_frames": -1,
        "fps": rate,
        "frames_indices": indices,
        "total_num_frames": total,
        "duration": info.duration_s,
    }
    return {
        "media_io_kwargs": {"video": video},
        "mm_processor_kwargs": {"do_sample_frames": False},
    }
