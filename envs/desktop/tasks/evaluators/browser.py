"""Checks of the browser: tabs, bookmarks, history, cookies, extensions, letters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tracegraph.envs.desktop.tasks.evaluators.verdict import Verdict, short
from tracegraph.envs.protocol import EvalError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_expected_active_tab(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check the address of the tab in front, without regard to ``www`` and the top domain."""
    _kind(rule, "url")
    found = _address(result)
    return _verdict(found is not None and _plain(found) == _plain(rule["url"]), found)


def is_expected_active_tab_approximate(result: Any, rule: dict[str, Any]) -> Verdict:
    """Check the address of the tab in front but for its query."""
    _kind(rule, "url")
    found = _address(result)
    return _verdict(found is not None and _bare(found) == _bare(rule["url"]), found)


def is_expected_url_pattern_match(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that all patterns of ``expected`` are found in the address of the tab in front."""
    found = _address(result)
    if found is None:
        return _verdict(False, found)
    return _verdict(all(re.search(pattern, found) for pattern in rules["expected"]), found)


def is_expected_search_query(result: Any, rules: dict[str, Any]) -> Verdict:
    """Check that ``expect.pattern`` is found in the address of the tab in front."""
    return is_expected_url_pattern_match(result, {"expected": [rules["expect"]["pattern"]]})


def is_expected_tabs(result: list[dict[str, str]], rule: dict[str, Any]) -> Verdict:
    """Check that the tabs are as many as ``urls``, and that each of these is among them."""
    _kind(rule, "url")
    found = [tab["url"] for tab in result]
    plain = [_plain(url) for url in found]
    fine = bool(found) and len(found) == len(rule["urls"])
    fine = fine and all(_plain(url) in plain for url in rule["urls"])
    return Verdict.of([] if fine else [f"the tabs are {short(found)}"])


def is_expected_bookmarks(result: dict[str, Any], rule: dict[str, Any]) -> Verdict:
    """Check the folders or the pages of the bookmarks bar, or the pages in "Liked Authors".

    An element of ``urls`` of the last kind may be a list, one of which is right.
    """
    kind = _kind(
        rule, "bookmark_bar_folders_names", "bookmark_bar_websites_urls",
        "liked_authors_websites_urls",
    )  # fmt: skip
    held = _children(result.get("bookmark_bar"))
    if kind == "bookmark_bar_folders_names":
        folders = {str(one.get("name")) for one in held if one.get("type") == "folder"}
        return _same(folders, rule["names"])
    if kind == "bookmark_bar_websites_urls":
        return _same(_urls(held), rule["urls"])
    liked = [
        one for one in held if one.get("type") == "folder" and one.get("name") == "Liked Authors"
    ]
    if not liked:
        return Verdict(0.0, 'there is no folder "Liked Authors" among the bookmarks')
    found = _urls(_children(liked[0]))
    choices = [[one] if isinstance(one, str) else one for one in rule["urls"]]
    fine = any(set(chosen) == found for chosen in product(*choices))
    return Verdict.of([] if fine else [f"the bookmarks are {short(sorted(found))}"])


def is_expected_installed_extensions(result: list[str], rules: dict[str, Any]) -> Verdict:
    """Check that all extensions of ``expected`` are there."""
    missing = [name for name in rules["expected"] if name not in result]
    return Verdict.of([f"there is no extension {short(name)}" for name in missing])


def is_cookie_deleted(result: list[Any], rule: dict[str, Any]) -> Verdict:
    """Check that no cookie is from one of ``domains``."""
    _kind(rule, "domains")
    wanted = {_plain(domain) for domain in rule["domains"]}
    left = [str(row[1]) for row in result if _plain(str(row[1])) in wanted]
    return Verdict.of([f"there is a cookie of {short(host)}" for host in left])


def check_history_deleted(result: list[Any], rule: dict[str, Any]) -> Verdict:
    """Check that no page of the history has one of ``keywords`` in its address."""
    _kind(rule, "keywords")
    left = [str(row[0]) for row in result if any(word in str(row[0]) for word in rule["keywords"])]
    return Verdict.of([f"the history has {short(url)}" for url in left])


def is_shortcut_on_desktop(result: dict[str, str], rule: dict[str, Any]) -> Verdict:
    """Check that a starter on the desktop has a ``name``, or runs ``exec``."""
    kind = _kind(rule, "name", "exec")
    line = f"{'Name' if kind == 'name' else 'Exec'}={rule[kind]}\n"
    fine = any(line in content for content in result.values())
    return Verdict.of([] if fine else [f"no starter on the desktop has the line {short(line)}"])


def check_font_size(result: dict[str, Any], rule: dict[str, Any]) -> Verdict:
    """Check the size of the browser's letters: a ``value``, or between ``min`` and ``max``."""
    kind = _kind(rule, "value", "range")
    size = result["default_font_size"]
    if kind == "value":
        fine = size == rule["value"]
    else:
        fine = isinstance(size, int | float) and rule["min"] < size < rule["max"]
    return Verdict.of([] if fine else [f"the size of letters is {short(size)}"])


def _kind(rule: dict[str, Any], *known: str) -> str:
    if rule["type"] not in known:
        raise EvalError(f"the type {rule['type']} is unsupported; known are {', '.join(known)}")
    return str(rule["type"])


def _address(result: Any) -> str | None:
    found = result.get("url") if isinstance(result, dict) else result
    return str(found) if found else None


def _verdict(fine: bool, found: str | None) -> Verdict:
    return Verdict.of([] if fine else [f"the tab in front shows {found or 'nothing'}"])


def _bare(url: str) -> str:
    try:
        return urlunsplit(urlsplit(url)._replace(query=""))
    except ValueError:
        return url


def _plain(url: str) -> str:
    """Return an address in one form: a scheme, a host without ``www`` and top domain, a path.

    OSWorld takes the top domain from the list of public suffixes. Here it is the last part of the
    name, with the one before it when both are short, as in ``co.uk``.
    """
    try:
        parts = urlsplit(url if _SCHEME.match(url) else f"http://{url}")
        host = parts.netloc.lower().partition(":")[0].strip(".")
    except ValueError:
        return url
    names = host.split(".")
    if len(names) > 1 and not names[-1].isdigit():
        names.pop()
        if len(names) > 1 and len(names[-1]) <= 3 and len(host.rpartition(".")[2]) == 2:
            names.pop()
    if names[0] == "www" and len(names) > 1:
        names = names[1:]
    path = "" if parts.path == "/" else parts.path
    return urlunsplit((parts.scheme.lower(), ".".join(names), path, parts.query, parts.fragment))


def _children(folder: Any) -> list[dict[str, Any]]:
    held = folder.get("children") if isinstance(folder, dict) else None
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _urls(held: list[dict[str, Any]]) -> set[str]:
    return {str(one.get("url")) for one in held if one.get("type") == "url"}


def _same(found: set[str], wanted: Iterable[str]) -> Verdict:
    fine = bool(found) and found == set(wanted)
    return Verdict.of([] if fine else [f"the bookmarks bar has {short(sorted(found))}"])
