"""Messages in OpenAI's form, with images and video frames."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tracegraph.models.errors import ModelError

Message = dict[str, Any]
# What `LLM.complete` takes as its messages.
Prompt = str | Mapping[str, Any] | Sequence[Mapping[str, Any] | str]

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)

# A media type of vLLM's: a video as JPEG pictures, in base64 with commas between them.
_FRAMES = "video/jpeg"
# What vLLM takes of a video file unless it is told otherwise.
UNKNOWN_FRAMES = 32


def as_messages(prompt: Prompt) -> list[Message]:
    """Return OpenAI messages for a text, one message, or a list of messages or texts.

    Texts in a list are taken as the user's. Content may be a list of texts, images (see
    `image`) and OpenAI content parts.
    """
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if isinstance(prompt, Mapping):
        return [_message(prompt)]
    messages = [
        {"role": "user", "content": item} if isinstance(item, str) else _message(item)
        for item in prompt
    ]
    if not messages:
        raise ModelError("there is no message to answer: give a text or at least one message")
    return messages


def image(source: Any, *, detail: str | None = None) -> dict[str, Any]:
    """Return a content part for an image.

    Args:
        source: bytes of a PNG, JPEG, GIF or WebP file; a path; an http(s) or data URL; or
            anything with a `save(file, format=...)` method, such as a Pillow image.
        detail: OpenAI's `low`, `high` or `auto`.
    """
    if isinstance(source, str) and source.startswith(("http://", "https://", "data:")):
        url = source
    else:
        data = _bytes(source)
        encoded = base64.b64encode(data).decode("ascii")
        url = f"data:{media_type(data)};base64,{encoded}"
    picture: dict[str, Any] = {"url": url}
    if detail:
        picture["detail"] = detail
    return {"type": "image_url", "image_url": picture}


def video(frames: Iterable[Any], *, times: Sequence[float] | None = None) -> list[dict[str, Any]]:
    """Return content parts for frames of a video, each after its time in seconds if given."""
    parts: list[dict[str, Any]] = []
    for number, frame in enumerate(frames):
        if times is not None:
            parts.append({"type": "text", "text": f"[{times[number]:.1f} s]"})
        parts.append(image(frame))
    return parts


def media_type(data: bytes) -> str:
    """Return the media type of an image file from its first bytes.

    Raises:
        ModelError: it is none of PNG, JPEG, GIF and WebP.
    """
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    raise ModelError(
        f"these {len(data)} bytes are no PNG, JPEG, GIF or WebP image; encode the picture first"
    )


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message without its pictures."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def is_picture(part: Mapping[str, Any]) -> bool:
    """Return whether a content part is an image or a video."""
    return part.get("type") in ("image_url", "video_url")


def picture_count(messages: Iterable[Mapping[str, Any]]) -> int:
    """Return how many pictures the messages hold; each frame of a video is one.

    The frames of a video that is a file are not known; servers choose some of them, and
    `UNKNOWN_FRAMES` are counted.
    """
    return sum(
        _pictures(part)
        for message in messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
    )


def split_data_url(url: str) -> list[tuple[bytes, str]] | None:
    """Return the bytes and the media type of what a base64 data URL holds; None for other URLs.

    It is one file, or the frames of a video, which follow each other after commas.
    """
    head, comma, body = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    kind = head.removeprefix("data:").removesuffix(";base64")
    if kind == _FRAMES:
        return [(base64.b64decode(frame), "image/jpeg") for frame in body.split(",")]
    return [(base64.b64decode(body), kind)]


def _pictures(part: Mapping[str, Any]) -> int:
    if part.get("type") != "video_url":
        return int(is_picture(part))
    head, _, body = str(part["video_url"]["url"]).partition(",")
    return body.count(",") + 1 if head == f"data:{_FRAMES};base64" else UNKNOWN_FRAMES


def _message(message: Mapping[str, Any]) -> Message:
    if "role" not in message:
        raise ModelError(f"this message has no role: {str(dict(message))[:200]}")
    content = message.get("content")
    if content is None or isinstance(content, str):
        return dict(message)
    if isinstance(content, Mapping) or not isinstance(content, Sequence):
        content = [content]
    return {**message, "content": [_part(part) for part in content]}


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return dict(part) if isinstance(part, Mapping) else image(part)


def _bytes(source: Any) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (str, Path)):
        try:
            return Path(source).read_bytes()
        except OSError as error:
            raise ModelError(f"the image {source} cannot be read: {error}") from error
    save = getattr(source, "save", None)
    if callable(save):
        buffer = io.BytesIO()
        save(buffer, format="PNG")
        return buffer.getvalue()
    raise ModelError(
        f"{type(source).__name__} is no image: give the bytes of a file, a path, a URL or a "
        "Pillow image"
    )
