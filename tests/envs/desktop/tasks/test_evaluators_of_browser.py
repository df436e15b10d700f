"""Getters and evaluators of the browser: settings, bookmarks, history, cookies, tabs."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.envs.desktop.tasks.scoring import check, scored
from tracegraph.envs.desktop.fake import picture
from tracegraph.envs.desktop.protocol import Element, ExecResult, Frame
from tracegraph.envs.protocol import EvalError

CHROME = "/home/user/.config/google-chrome/Default"


def database(path: Path, schema: str, rows: list[tuple[Any, ...]]) -> bytes:
    """Return a database file with one table."""
    base = sqlite3.connect(path)
    base.execute(schema)
    places = ", ".join("?" * len(rows[0])) if rows else ""
    base.executemany(f"INSERT INTO {schema.split()[2].partition('(')[0]} VALUES ({places})", rows)
    base.commit()
    base.close()
    return path.read_bytes()


def preferences(**told: Any) -> dict[str, bytes]:
    return {f"{CHROME}/Preferences": json.dumps(told).encode()}


RULE_BAR = {"type": "bookmark_bar_folders_names", "names": ["Favorites"]}
FOLDER = {"type": "folder", "name": "Favorites", "children": []}


def bookmarks(*children: Any) -> dict[str, bytes]:
    told = {"roots": {"bookmark_bar": {"children": children}}}
    return {f"{CHROME}/Bookmarks": json.dumps(told).encode()}


def asks(getter: str, func: str, expected: Any) -> dict[str, Any]:
    return check(func, expected, {"type": getter, "goto_prefix": ""})


def liked(*urls: str) -> dict[str, bytes]:
    children = [{"type": "url", "url": url} for url in urls]
    return bookmarks({"type": "folder", "name": "Liked Authors", "children": children})


YES, NO = {"expected": "true"}, {"expected": "false"}
BROWSER: list[tuple[dict[str, Any], dict[str, bytes], dict[str, bytes]]] = [
    (asks("bookmarks", "is_expected_bookmarks", RULE_BAR), bookmarks(FOLDER), bookmarks()),
    (
        asks("bookmarks", "is_expected_bookmarks",
             {"type": "bookmark_bar_websites_urls", "urls": ["https://a.example/"]}),
        bookmarks({"type": "url", "url": "https://a.example/"}), bookmarks(FOLDER),
    ),
    (
        asks("bookmarks", "is_expected_bookmarks",
             {"type": "liked_authors_websites_urls", "urls": ["u", ["v", "w"]]}),
        liked("u", "w"), liked("u", "x"),
    ),
    (asks("enable_do_not_track", "exact_match", YES), preferences(enable_do_not_track=True),
     preferences()),
    (asks("enable_safe_browsing", "exact_match", YES), preferences(safebrowsing={"enabled": True}),
     preferences(safebrowsing=[])),
    (asks("enable_enhanced_safety_browsing", "exact_match", YES),
     preferences(safebrowsing={"enhanced": True}), preferences(safebrowsing={"enabled": True})),
    (asks("new_startup_page", "exact_match", YES), preferences(session={"restore_on_startup": 5}),
     preferences(session={"restore_on_startup": 1})),
    (asks("data_delete_automacally", "exact_match", YES),
     preferences(profile={"default_content_setting_values": {}}), preferences(profile=1)),
    (asks("default_search_engine", "match_in_list", {"expected": ["Bing"]}),
     preferences(default_search_provider_data={"template_url_data": {"short_name": "Bing"}}),
     preferences(default_search_provider_data=None)),
    (asks("profile_name", "exact_match", {"expected": "T"}), preferences(profile={"name": "T"}),
     preferences()),
    (asks("chrome_font_size", "check_font_size", {"type": "range", "min": 20, "max": 30}),
     preferences(webkit={"webprefs": {"default_font_size": 24}}),
     preferences(webkit={"webprefs": {"default_font_size": "24"}})),
    (asks("chrome_font_size", "check_font_size", {"type": "value", "value": 16}), preferences(),
     preferences(webkit={"webprefs": {"default_font_size": 15}})),
    (asks("chrome_language", "exact_match", {"expected": "xx"}),
     preferences(intl={"app_locale": "xx"}), preferences()),
    (asks("chrome_appearance_mode_ui", "match_in_list", {"expected": ["light", "system"]}),
     preferences(), preferences(browser={"theme": {"color_scheme2": 2}})),
    (asks("find_unpacked_extension_path", "is_in_list", {"expected": "/x"}),
     preferences(extensions={"settings": {"k": {"path": "/x"}}}),
     preferences(extensions={"settings": {"k": 1}})),
    (asks("find_installed_extension_name", "is_expected_installed_extensions", {"expected": ["n"]}),
     preferences(extensions={"settings": {"k": {"manifest": {"name": "n"}}}}),
     preferences(extensions={"settings": {"k": {"manifest": []}}})),
]  # fmt: skip


@pytest.mark.parametrize(("evaluator", "right", "wrong"), BROWSER)
async def test_settings_of_the_browser(
    evaluator: dict[str, Any], right: dict[str, bytes], wrong: dict[str, bytes]
) -> None:
    assert (await scored(evaluator, right)).value == 1
    score = await scored(evaluator, wrong)
    assert score.value == 0
    assert score.feedback
    for broken in (b"{", b"\xff", b"[" * 100_000, b"[]", b"3"):
        held = dict.fromkeys(right, broken)
        found = await scored(evaluator, held)
        # Settings that are not there have the values that a new browser has.
        plain = (await scored(evaluator, dict.fromkeys(right, b"{}"))).value
        assert found.value in (0, plain)


async def test_history_and_cookies(tmp_path: Path) -> None:
    urls = "CREATE TABLE urls(url, title, last_visit_time)"
    history = asks("history", "check_history_deleted", {"type": "keywords", "keywords": ["tube"]})
    held = database(tmp_path / "a", urls, [("https://tube.example", "t", 1)])
    clean = database(tmp_path / "b", urls, [("https://news.example", "t", 1)])
    assert (await scored(history, {f"{CHROME}/History": clean})).value == 1
    assert (await scored(history, {f"{CHROME}/History": held})).value == 0
    table = "CREATE TABLE cookies(creation, host_key)"
    cookies = asks("cookie_data", "is_cookie_deleted", {"type": "domains",
                                                        "domains": [".shop.example"]})  # fmt: skip
    for host, value in ((".shop.example", 0), ("www.shop.example", 0), ("other.example", 1)):
        data = database(tmp_path / host, table, [(1, host)])
        assert (await scored(cookies, {f"{CHROME}/Cookies": data})).value == value
    for evaluator, name in ((history, "History"), (cookies, "Cookies")):
        for broken in (b"", b"SQLite format 3\0" + b"\xff" * 4096, b"no database"):
            assert (await scored(evaluator, {f"{CHROME}/{name}": broken})).value == 0
        assert (await scored(evaluator, {})).value == 0


def tabs(*urls: str) -> Any:
    told = json.dumps([{"title": "t", "url": url} for url in urls])
    return {"programs": lambda argv: ExecResult(0 if urls else 1, told, "no port")}


def showing(text: str, app: str = "Chromium") -> Any:
    bar = Element("entry", "Address and search bar", text, 0, 0, 9, 9, frozenset(), (), app)
    root = Element("desktop frame", "main", "", 0, 0, 64, 48, frozenset(), (bar,), "")
    return {"frames": [Frame(picture(64, 48), 64, 48, root)], **tabs("https://www.a.example/x?q=1")}


ONE = {"type": "url", "url": "https://a.example/x?q=1"}
OPEN: list[tuple[dict[str, Any], Any, Any]] = [
    (asks("open_tabs_info", "is_expected_tabs", {"type": "url", "urls": ["http://www.a.example"]}),
     tabs("http://a.example/"), tabs("http://a.example/", "http://b.example/")),
    (asks("active_url_from_accessTree", "is_expected_active_tab", ONE),
     showing("https://www.a.example/x?q=1"), showing("https://a.example/x")),
    (asks("active_url_from_accessTree", "is_expected_active_tab_approximate", ONE),
     showing("https://a.example/x"), showing("https://a.example/x", "Firefox")),
    (asks("active_tab_info", "is_expected_url_pattern_match", {"expected": ["^https", "q=1$"]}),
     showing("https://www.a.example/x?q=1"), showing("")),
    (asks("active_tab_info", "is_expected_search_query", {"expect": {"pattern": "q=1"}}),
     showing("https://www.a.example/x?q=1"), showing("q=2")),
]  # fmt: skip


@pytest.mark.parametrize(("evaluator", "right", "wrong"), OPEN)
async def test_tabs(evaluator: dict[str, Any], right: Any, wrong: Any) -> None:
    assert (await scored(evaluator, {}, **right)).value == 1
    score = await scored(evaluator, {}, **wrong)
    assert score.value == 0
    assert score.feedback
    assert (await scored(evaluator, {}, **tabs())).value == 0
    forged = {"programs": lambda argv: ExecResult(0, "[1, {}]")}
    assert (await scored(evaluator, {}, **forged)).value == 0


async def test_a_fault_of_the_task_is_no_score() -> None:
    with pytest.raises(EvalError):
        await scored(asks("chrome_font_size", "check_font_size", {"type": "none"}), preferences())
