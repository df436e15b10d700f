"""A model for lmms-eval, found by its entry points: chooses frames, then asks. No fork.

lmms_eval --model tracegraph_tspo --tasks videomme
    --model_args model=openai/gpt-4.1-mini,head=TSPO-0.4B,selector=tspo,frames=64
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from tracegraph.agents.tspo.encoders import Encoder
    from tracegraph.agents.tspo.selectors import Selector
    from tracegraph.envs.video.answering import Answerer

_OPTION = re.compile(r"^\s*\(?[A-Z][.):]\s", re.MULTILINE)


def manifest() -> Any:
    """Return what lmms-eval registers; called by it only, so it is installed then."""
    from lmms_eval.models.registry_v2 import ModelManifest

    return ModelManifest(
        "tracegraph_tspo", chat_class_path="tracegraph.agents.tspo.lmms_model.TspoForLmmsEval"
    )


class ChosenFrames:
    """Answers chat messages with a video by some of its frames.

    Args:
        encoder: of frames and questions.
        selector: chooses frames.
        answerer: is asked.
        frames: how many are chosen.
        step_s: seconds between candidates.
    """

    def __init__(
        self,
        encoder: Encoder,
        selector: Selector,
        answerer: Answerer,
        *,
        frames: int = 64,
        step_s: float = 1.0,
    ) -> None:
        self.encoder = encoder
        self.selector = selector
        self.answerer = answerer
        self.frames = frames
        self.step_s = step_s

    def answer(self, messages: Sequence[dict[str, Any]]) -> str:
        """Return the answer to messages of text parts and one video part.

        Raises:
            TracegraphError: there is no video, or there are several.
        """
        from tracegraph.agents.tspo.features import look_at, unseen
        from tracegraph.envs.video import Video

        path, text = split_messages(messages)
        video = Video(path)
        question = without_options(text)
        candidates = (
            look_at(video, question, self.encoder, step_s=self.step_s)
            if self.selector.looks
            else unseen(video, self.step_s)
        )
        chosen = self.selector.select(candidates, self.frames)
        frames = list(video.frames(chosen.times, longest=448))
        return asyncio.run(self.answerer.answer(question, (), frames, text)).text


def split_messages(messages: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Return the path of the one video, and all text.

    Raises:
        TracegraphError: there is no video, or there are several.
    """
    videos: list[str] = []
    texts: list[str] = []
    for message in messages:
        content = message.get("content", "")
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if part.get("type") == "video":
                videos.append(str(part["url"]))
            elif part.get("type") == "text":
                texts.append(part["text"])
    if len(videos) != 1:
        raise TracegraphError(
            f"a question with {len(videos)} videos: frames are chosen from one video; use tasks "
            "with one"
        )
    return videos[0], "\n".join(texts)


def without_options(text: str) -> str:
    """Return a question up to its first option: what frames are chosen by."""
    found = _OPTION.search(text)
    return (text[: found.start()] if found else text).strip()
