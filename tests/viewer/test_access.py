from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.viewer.conftest import TOKEN
from tracegraph.runs import Store, load_state
from tracegraph.viewer import make_app

HERE = "http://127.0.0.1"


@pytest.fixture
def client(store_path: Path) -> Iterator[TestClient]:
    with TestClient(make_app(store_path, TOKEN), base_url=HERE) as opened:
        yield opened


def test_nobody_sees_anything_without_the_token(client: TestClient) -> None:
    for path in ("/runs", "/events", "/compare", "/episodes/"):
        assert client.get(path).status_code == 401
    assert client.get("/runs?token=wrong").status_code == 403
    entered = client.get(f"/runs?token={TOKEN}&q=a")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert 'content="0; url=/runs?q=a"' in entered.text
    assert client.get("/runs").status_code == 200


def test_a_name_of_another_site_is_refused(client: TestClient) -> None:
    client.get(f"/?token={TOKEN}")
    assert client.get("/runs", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/runs", headers={"host": "localhost:1"}).status_code == 401


def test_scripts_come_from_files_only(client: TestClient) -> None:
    client.get(f"/?token={TOKEN}")
    for path in ("/runs", "/nix", "/static/main.js"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy


def test_a_verdict_comes_from_our_own_form(
    client: TestClient, store_path: Path, waiting: str
) -> None:
    client.get(f"/?token={TOKEN}")
    path = f"/runs/{waiting}/verdict"
    page = client.get(f"/runs/{waiting}").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    candidate = page.split('name="candidate" value="')[1].split('"')[0]
    form = {"verdict": "approve", "reason": "fine", "candidate": candidate}
    theirs = {"origin": "http://evil.example"}
    assert client.post(path, data={**form, "csrf": csrf}, headers=theirs).status_code == 403
    assert client.post(path, data={**form, "csrf": csrf}).status_code == 403  # no origin at all
    ours = {"origin": HERE}
    assert client.post(path, data={**form, "csrf": "0"}, headers=ours).status_code == 404
    with Store(store_path) as store:
        assert load_state(store, waiting, f"gate/{candidate}") is None
        done = client.post(path, data={**form, "csrf": csrf}, headers=ours, follow_redirects=False)
        assert done.status_code == 303
        said = load_state(store, waiting, f"gate/{candidate}")
        assert said == {"approved": True, "reason": "fine"}
