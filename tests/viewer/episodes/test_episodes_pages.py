"""Episodes in a real browser: hostile texts in each field, search, keys, pictures, tokens."""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.training.finished_run import HOSTILE
from tracegraph.runs import (
    Run,
    Store,
    StoredEpisode,
    add_blob,
    add_episode,
    blob_hash,
    start_run,
)  # fmt: skip
from tracegraph.viewer import make_app
from tracegraph.viewer.episodes import found
from tracegraph.viewer.episodes.found import Filter, find
from tracegraph.viewer.episodes.pictures import size_of
from tracegraph.viewer.episodes.texts import as_text
from tracegraph.viewer.episodes.words import Words


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x70\x80\x90" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _turn(**told: Any) -> dict[str, Any]:
    return {"messages": [], "answer": "", "action": None, "observation": None, **told}


@pytest.fixture
def hostile(store_path: Path) -> str:
    """Add an episode with a hostile text in each field, and return its id."""
    bad, shot = HOSTILE, _png(640, 400)
    turns = [
        _turn(
            messages=[{"role": bad, "content": bad}, {"role": "user", "content": bad * 200},
                      {"role": "user", "content": [{"type": "text", "text": bad}, {"blob": bad}]}],
            answer=bad, action=[{"action": bad, bad: bad}, {"action": "click", "x": bad, "y": bad}],
            observation={"blob": blob_hash(shot), "told": bad, "status": bad, bad: bad},
            prompt_tokens=7, completion_tokens=2, seconds=1.5, notes={bad: 1}, rewards={bad: bad},
            sampling={"temperature": bad},
            prompt_token_ids=[5, 6], token_ids=[bad, 8], logprobs=[-0.1, -4.0],
        ),
        _turn(
              answer=bad, action={"kind": bad, "thought": bad, "code": bad, "answer": bad,
                                  "problem": bad},
              observation={"status": "ok", "text": bad,
                           "figures": [{"blob": bad, "summary": bad}]}),
        _turn(action=[{"action": "click", "x": 320, "y": 100}],
              observation={"times": [bad, 1], "scores": [bad, 0.5, 1],
                           "frames": [{"time_s": bad, "blob": bad}, bad]}),
        _turn(messages=bad, action=bad, observation=bad, notes=bad, rewards=bad, sampling=bad),
    ]  # fmt: skip
    payload = {
        "turns": [*turns, bad], "policy": {"model": bad}, "answer": bad, "error": bad,
        "feedback": bad, "rewards": {bad: bad, "part": 0.5}, "files": {bad: bad},
        "extra": {"instruction": bad, "certificate": {"kind": bad, "text": bad, "ok": False}},
    }  # fmt: skip
    with Store(store_path) as store:
        run = Run(f"eval {bad}", bad)
        start_run(store, run).result()
        add_blob(store, shot, "image/png").result()
        row = StoredEpisode(run.id, bad, bad, bad, bad, task=bad, seed=0, reward=0.5,
                            payload=payload, id="hostile")  # fmt: skip
        add_episode(store, row).result()
    return row.id


@pytest.mark.slow
def test_hostile_texts_are_shown_and_never_run(page: Any, hostile: str) -> None:
    page.goto("/episodes/")
    page.locator("a.episode").first.click()
    page.wait_for_url(f"**/episodes/{hostile}")
    assert HOSTILE[:20] in page.locator("h1").inner_text()
    assert page.locator(".turn").count() == 4
    for folded in page.locator("details > summary").all():
        folded.click()
    page.goto(f"/episodes/{hostile}/tokens")
    assert page.locator(".token.p5").count() == 2  # one in the legend
    whole = page.request.get(f"/episodes/{hostile}/text?at=turns/0/messages/1/content")
    assert whole.headers["content-type"].startswith("text/plain")
    assert whole.text() == HOSTILE * 200
    page.goto(f"/episodes/?task={hostile}&q=nothing+has+these+words&agent=x")
    assert "No episode fits" in page.locator("#found").inner_text()


@pytest.mark.slow
def test_keys_go_from_turn_to_turn_and_the_click_is_drawn(page: Any, hostile: str) -> None:
    page.goto(f"/episodes/{hostile}")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator(".turn.here").get_attribute("id") == "turn-2"
    point = page.locator("#turn-3 circle.mark.point")
    assert (point.get_attribute("cx"), point.get_attribute("cy")) == ("320", "100")
    page.locator("#turn-3 button.enlarge").first.click()
    assert page.locator("dialog[open] image").count() == 1


def test_only_pictures_of_the_store_are_served(hostile: str, store_path: Path) -> None:
    assert hostile
    with Store(store_path) as store:
        script = add_blob(store, b"<script>alert(1)</script>", "text/html").result()
        drawing = add_blob(store, b"<svg onload='alert(1)'/>", "image/svg+xml").result()
    with TestClient(make_app(store_path, None), base_url="http://localhost") as client:
        shown = client.get(f"/episodes/blobs/{blob_hash(_png(640, 400))}")
        assert shown.headers["content-type"] == "image/png"
        assert "sandbox" in shown.headers["content-security-policy"]
        for name in (script, drawing, "..%2f..%2fetc%2fpasswd", "0" * 64):
            assert client.get(f"/episodes/blobs/{name}").status_code == 404


def test_filters_and_words_find_what_they_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "runs.db") as store:
        for i in range(120):
            said = _turn(messages=[{"role": "user", "content": f"fruit number{i}"}])
            add_episode(store, StoredEpisode(
                "r", str(i), "gui" if i % 2 else "tspo", "desktop",
                "success" if i % 3 else "failure", task=f"t{i}", reward=i / 119,
                payload={"turns": [said]}, id=f"{i:03d}")).result()  # fmt: skip
        words = Words(store)
        every = find(store, Filter(), words)
        assert (every.total, len(every.rows), every.rows[0].row.key) == (120, 50, "119")
        assert [b.row.key for b in find(store, Filter(page=3), words).rows][-1] == "0"
        assert find(store, Filter(agent="gui", outcome="failure"), words).total == 20
        assert find(store, Filter(least=0.5, order="reward up"), words).rows[0].row.key == "60"
        one = find(store, Filter(q="FRUIT number77"), words)
        assert ([b.row.key for b in one.rows], one.searched) == (["77"], 120)
        assert find(store, Filter(q='" OR text MATCH'), words).total == 0
        few = find(store, Filter(q="num", order="reward down"), words)
        monkeypatch.setattr(found, "_MANY", 10)
        many = find(store, Filter(q="num", order="reward down"), words)
        assert [b.row.key for b in few.rows] == [b.row.key for b in many.rows]
        assert (many.total, many.rows[0].row.key) == (120, "119")
        assert find(store, Filter(q="number7_q"), words).total == 0
        assert find(store, Filter(q="a\u19b0b"), words).total == 0  # two words to the index


def test_an_index_of_another_form_is_made_anew(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.db") as store:
        add_episode(store, StoredEpisode("r", "k", "gui", "desktop", "success",
                                         task="peeled fruit")).result()  # fmt: skip
        with closing(sqlite3.connect(tmp_path / "runs.words.db")) as old:
            old.execute("CREATE TABLE mark (one INTEGER PRIMARY KEY, place, id)")
            old.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='')")
            old.execute("INSERT INTO words (rowid, text) VALUES (7, 'gone')")
            old.commit()
        assert Words(store).find("gone")[0] == []
        assert Words(store).find("peeled fr")[0] == [1]


def test_boxes_are_drawn_on_the_frames_in_which_they_were_found(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    written = BytesIO()
    image.new("RGB", (200, 120), "teal").save(written, "JPEG")
    with Store(tmp_path / "runs.db") as store:
        add_blob(store, written.getvalue(), "image/jpeg").result()
        name = blob_hash(written.getvalue())
        assert size_of(store, name) == (200, 120)
        frames = [{"time_s": float(i), "blob": name} for i in range(3)]
        found = {"4": [[10, 20, 60, 90]], "9": [[10, 20, 600, 90]]}  # the last is outside
        turn = _turn(action={"find": {"2": "it", "4": "it", "9": "it"}},
                     observation={"frames": frames, "boxes": found})  # fmt: skip
        add_episode(store, StoredEpisode("r", "k", "omni-r1", "video", "success",
                                         payload={"turns": [turn]}, id="e")).result()  # fmt: skip
    with TestClient(make_app(tmp_path / "runs.db", None), base_url="http://localhost") as client:
        page = client.get("/episodes/e").text
    assert page.count("<rect") == 1
    assert 'x="10" y="20" width="50" height="70"' in page
    assert page.index("frame at 0.0 s") < page.index("frame at 1.0 s, 1 found")


def test_json_for_people_is_json_in_few_lines() -> None:
    box = {"boxes": {"8": [[40.0, 16.0, 76.0, 50.0]]}, "<b>": None}
    assert as_text(box).count("\n") == 0
    deep = {"rows": [{"name": "x" * 60, "values": list(range(20)), "more": {}}] * 3}
    assert json.loads(as_text(deep)) == deep
    assert 9 <= as_text(deep).count("\n") <= 20
