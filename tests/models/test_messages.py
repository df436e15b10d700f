from __future__ import annotations

import base64
import email.utils
import time
from pathlib import Path
from typing import Any

import pytest

from tracegraph import prompts
from tracegraph.models import ModelError, RequestError, as_messages, default_model, image, video
from tracegraph.models.messages import UNKNOWN_FRAMES, picture_count
from tracegraph.models.request import Request, for_the_record
from tracegraph.models.retry import retry_after

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
JPEG = b"\xff\xd8\xff" + b"0" * 20


class FakePicture:
    """Saves itself as Pillow images do."""

    def save(self, file: Any, format: str) -> None:
        assert format == "PNG"
        file.write(PNG)


def test_texts_messages_and_lists() -> None:
    assert as_messages("Hi") == [{"role": "user", "content": "Hi"}]
    assert as_messages({"role": "system", "content": "x"}) == [{"role": "system", "content": "x"}]
    mixed = as_messages([{"role": "system", "content": "x"}, "Hi"])
    assert [message["role"] for message in mixed] == ["system", "user"]
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert as_messages([call]) == [call]
    with pytest.raises(ModelError, match="no role"):
        as_messages([{"content": "x"}])
    with pytest.raises(ModelError, match="no message"):
        as_messages([])


@pytest.mark.parametrize("source", [PNG, bytearray(PNG), FakePicture()])
def test_pictures_become_data_urls(source: Any) -> None:
    part = image(source)
    assert part["image_url"]["url"].startswith("data:image/png;base64,iVBORw0K")


def test_pictures_by_path_and_url(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)
    assert image(path)["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert image(str(path), detail="low")["image_url"]["detail"] == "low"
    assert image("https://example.org/a.png")["image_url"]["url"] == "https://example.org/a.png"
    with pytest.raises(ModelError, match="cannot be read"):
        image(tmp_path / "none.png")
    with pytest.raises(ModelError, match="no PNG, JPEG"):
        image(b"hello")
    with pytest.raises(ModelError, match="int is no image"):
        image(3)


def test_content_may_mix_text_and_pictures() -> None:
    (message,) = as_messages([{"role": "user", "content": ["What is this?", PNG]}])
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]


def test_frames_carry_their_times() -> None:
    parts = video([PNG, JPEG], times=[0, 1.5])
    assert [part["type"] for part in parts] == ["text", "image_url"] * 2
    assert parts[2]["text"] == "[1.5 s]"
    assert len(video([PNG])) == 1


def test_records_hold_pictures_by_their_hash() -> None:
    messages = as_messages([{"role": "user", "content": ["a", PNG, PNG, JPEG]}, "plain"])
    recorded, blobs = for_the_record(messages)
    assert sorted(media for _, media in blobs.values()) == ["image/jpeg", "image/png"]
    assert recorded[0]["content"][1]["image_url"]["url"] == f"blob:{next(iter(blobs))}"
    assert recorded[1] == messages[1]
    assert messages[0]["content"][1]["image_url"]["url"].startswith("data:")


def test_a_video_counts_and_is_kept_by_its_frames() -> None:
    def part(kind: str, *files: bytes) -> dict[str, Any]:
        body = ",".join(base64.b64encode(file).decode() for file in files)
        return {"type": "video_url", "video_url": {"url": f"data:{kind};base64,{body}"}}

    frames = [JPEG + bytes([number]) * 50_000 for number in range(3)]
    content = [part("video/jpeg", *frames), part("video/mp4", b"mp4"), "What happens?"]
    messages = as_messages([{"role": "user", "content": content}])
    assert picture_count(messages) == 3 + UNKNOWN_FRAMES
    text_only = Request("m", as_messages([{"role": "user", "content": content[2:]}]), {})
    request = Request("m", messages, {})
    assert request.most_prompt_tokens(0) == text_only.most_prompt_tokens(0)
    assert request.most_prompt_tokens(10) == text_only.most_prompt_tokens(0) + 350
    recorded, blobs = for_the_record(messages)
    names = recorded[0]["content"][0]["video_url"]["url"].split(",")
    assert [blobs[name.removeprefix("blob:")][0] for name in names] == frames
    assert (b"mp4", "video/mp4") in blobs.values()
    assert len(str(recorded)) < 1000


def test_retry_after_in_all_its_forms() -> None:
    assert retry_after({"retry-after": "3"}) == 3
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert 28 <= (retry_after({"retry-after": date}) or 0) <= 31
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_the_default_model_follows_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("TRACEGRAPH_MODEL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(key, raising=False)
    assert default_model() == "local"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert default_model().startswith("anthropic/")
    monkeypatch.setenv("TRACEGRAPH_MODEL", "vllm:x")
    assert default_model() == "vllm:x"


def test_errors_say_whether_to_try_again() -> None:
    assert RequestError("x", retry=True, after=2).after == 2


def test_prompts_are_filled_by_name() -> None:
    repair = prompts.load("models/repair")
    assert repair is prompts.load("models/repair")
    text = repair.format(problem="P {x}", schema='{"a": 1}')
    assert "P {x}" in text
    assert '{"a": 1}' in text
    with pytest.raises(prompts.PromptError, match="without schema"):
        repair.format(problem="p")
    with pytest.raises(prompts.PromptError, match="with other"):
        repair.format(problem="p", schema="s", other=1)
    with pytest.raises(prompts.PromptError, match="no prompt models/none"):
        prompts.load("models/none")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello", "does not begin with front matter"),
        ("---\nvariables: [a]\n---\nno place", "declares .* and uses"),
        ("---\nversion: 1\n---\nuses {b}", "declares .* and uses"),
        ("---\nnonsense\n---\nx", "is not `key: value`"),
        ("---\nversion: 1\n---\na { brace", "double the braces"),
    ],
)
def test_a_broken_prompt_is_named(text: str, problem: str) -> None:
    with pytest.raises(prompts.PromptError, match=problem):
        prompts.parse("x", text)


def test_a_doubled_brace_is_a_brace() -> None:
    prompt = prompts.parse("x", "---\nvariables: [a]\n---\n{{}} {a}")
    assert prompt.format(a=1) == "{} 1"
