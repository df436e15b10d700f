from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.fake_server import FakeServer, chat
from tracegraph.models import LLM, Cassette, CassetteError, image

MakeLLM = Callable[..., LLM]
PIXEL = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def counting(server: FakeServer) -> FakeServer:
    async def behave(body: dict[str, Any]) -> Any:
        return chat(f"answer {len(server.bodies)}")

    server.behave = behave
    return server


async def test_recorded_once_replayed_offline(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    llm = make_llm(cassette=Cassette(path, "record"))
    said = [(await llm.complete(text)).text for text in ("a", "b")]
    sent = len(counting.bodies)
    replay = make_llm(cassette=Cassette(path, "replay"))
    answers = [await replay.complete(text) for text in ("b", "a")]
    assert [answer.text for answer in answers] == said[::-1]
    assert answers[0].usage.tokens == 10
    assert len(counting.bodies) == sent


async def test_an_unknown_request_fails_loudly(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    await make_llm(cassette=Cassette(path, "record")).complete("a")
    replay = make_llm(cassette=Cassette(path, "replay"))
    with pytest.raises(CassetteError, match=r"c\.json has no reply.*ends in 'new'"):
        await replay.complete("new")
    assert len(counting.bodies) == 1


async def test_samples_are_replayed_in_order_and_run_out(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    record = make_llm(cassette=Cassette(path, "record"))
    said = [(await record.complete("a", temperature=1)).text for _ in range(3)]
    assert len(set(said)) == 3
    replay = make_llm(cassette=Cassette(path))
    assert [(await replay.complete("a", temperature=1)).text for _ in range(3)] == said
    with pytest.raises(CassetteError, match="no further reply"):
        await replay.complete("a", temperature=1)


async def test_a_repeatable_request_is_answered_again(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    await make_llm(cassette=Cassette(path, "record")).complete("a")
    replay = make_llm(cassette=Cassette(path))
    assert [(await replay.complete("a")).text for _ in range(3)] == ["answer 1"] * 3


async def test_auto_records_what_is_missing(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEGRAPH_CASSETTE", "auto")
    path = tmp_path / "new" / "c.json"
    await make_llm(cassette=Cassette(path)).complete("a")
    second = make_llm(cassette=Cassette(path))
    await second.complete("a")
    await second.complete("b")
    assert len(counting.bodies) == 2


async def test_a_surrounding_cassette_is_used(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path
) -> None:
    llm = make_llm()
    with Cassette(tmp_path / "c.json", "record"):
        await llm.complete("a")
    with Cassette(tmp_path / "c.json", "replay"):
        assert (await llm.complete("a")).text == "answer 1"
    assert len(counting.bodies) == 1
    assert (await llm.complete("a")).text == "answer 2"


async def test_no_secret_reaches_the_file(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-very-secret")
    path = tmp_path / "c.json"
    llm = make_llm(cassette=Cassette(path, "record"))
    await llm.complete("fine")
    with pytest.raises(CassetteError, match=r"\$SOME_API_KEY"):
        await llm.complete("my key is sk-very-secret")
    text = path.read_text()
    assert "sk-very-secret" not in text
    assert "secret-token" not in text, "the server's token"


async def test_pictures_are_kept_as_hashes(
    make_llm: MakeLLM, counting: FakeServer, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    question = [{"role": "user", "content": ["What is this?", image(PIXEL)]}]
    await make_llm(cassette=Cassette(path, "record")).complete(question)
    assert "base64" not in path.read_text()
    assert (await make_llm(cassette=Cassette(path)).complete(question)).text == "answer 1"


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="TRACEGRAPH_CASSETTE=auto"):
        Cassette(tmp_path / "none.json", "replay")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(CassetteError, match=r"bad\.json cannot be read"):
        Cassette(tmp_path / "bad.json", "auto")
    (tmp_path / "old.json").write_text(json.dumps({"version": 0}))
    with pytest.raises(CassetteError, match="another version"):
        Cassette(tmp_path / "old.json", "replay")
    with pytest.raises(CassetteError, match="replay, record or auto"):
        Cassette(tmp_path / "x.json", "rewind")  # type: ignore[arg-type]
