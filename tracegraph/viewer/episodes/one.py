"""One episode: the outcome, what it was scored for, and its turns one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.runs import Store, StoredEpisode
from tracegraph.training.report.markup import Markup, chip, clipped, fold, join, section, tag
from tracegraph.viewer.data import store_of
from tracegraph.viewer.episodes.found import beside, one
from tracegraph.viewer.episodes.texts import as_text, text_block, whole_at
from tracegraph.viewer.episodes.turns import timeline
from tracegraph.viewer.episodes.wording import KINDS, number, seconds
from tracegraph.viewer.page import page

STYLES = ("/episodes/static/episodes.css",)
_TOKENS = ("prompt_tokens", "completion_tokens")


def show(request: Request) -> Response:
    """Show an episode as a timeline."""
    store = store_of(request)
    row = one(store, str(request.path_params["episode"]))
    told = row.payload
    turns = [turn for turn in told.get("turns") or [] if isinstance(turn, dict)]
    return page(
        request,
        clipped(row.task or row.key, 120),
        _head(row, turns),
        _result(row),
        tag("div", *timeline(store, row, turns), class_="timeline"),
        _end(row),
        place="episodes",
        crumbs=[("Episodes", "/episodes/"), (row.run[:10], f"/episodes/?run={quote(row.run)}")],
        beside=join(_beside(store, row, turns)),
        scripts=["/episodes/static/episode.js"],
        styles=STYLES,
    )


def _beside(store: Store, row: StoredEpisode, turns: list[dict[str, Any]]) -> Iterable[Markup]:
    before, after = beside(store, row)
    here = f"/episodes/{quote(row.id)}"
    if any(turn.get("token_ids") for turn in turns):
        yield tag("a", "Tokens", href=f"{here}/tokens", class_="button")
    for id, text in ((before, "← before"), (after, "next →")):
        if id:
            yield tag("a", text, href=f"/episodes/{quote(id)}", class_="button")


def _head(row: StoredEpisode, turns: list[dict[str, Any]]) -> Markup:
    tokens = [sum(t[n] for t in turns if isinstance(t.get(n), int)) for n in _TOKENS]
    policy = row.payload.get("policy")
    model = policy.get("model", "") if isinstance(policy, dict) else ""
    facts = [
        ("outcome", chip(row.outcome, KINDS.get(row.outcome, "plain"))),
        ("reward", "none" if row.reward is None else number(row.reward)),
        ("agent", row.agent), ("environment", row.env), ("model", clipped(str(model), 60)),
        ("turns", f"{len(turns):,}"), ("tokens in", f"{tokens[0]:,}"),
        ("tokens out", f"{tokens[1]:,}"), ("time", seconds(row.finished - row.started)),
        ("seed", row.seed),
    ]  # fmt: skip
    cells = [tag("p", tag("span", name), tag("b", value)) for name, value in facts
             if value not in ("", None)]  # fmt: skip
    return tag("section", tag("div", *cells, class_="facts"), class_="head")


def _result(row: StoredEpisode) -> Markup:
    told, rows = row.payload, []
    for name, title in (("answer", "Answer"), ("error", "Error"), ("feedback", "Feedback")):
        if told.get(name):
            block = text_block(as_text(told[name]), whole=whole_at(row.id, name))
            rows.append(tag("div", tag("h3", title), block, class_=f"result {name}"))
    return (
        tag("section", *rows, _rewards(told.get("rewards")), class_="results")
        if rows or told.get("rewards")
        else Markup("")
    )


def _rewards(rewards: Any) -> Markup:
    if not isinstance(rewards, dict) or not rewards:
        return Markup("")
    parts = []
    for name, value in rewards.items():
        shown = number(value) if isinstance(value, (int, float)) else str(value)
        bar = None
        if isinstance(value, (int, float)) and 0 <= value <= 1:
            bar = tag("svg", tag("rect", width=100, height=6, rx=3, class_="well"),
                      tag("rect", width=round(100 * value, 1), height=6, rx=3, class_="fill"),
                      viewBox="0 0 100 6", preserveAspectRatio="none",
                      aria_hidden="true")  # fmt: skip
        parts.append(tag("p", tag("span", clipped(str(name), 60)), tag("b", shown), bar))
    return tag("div", tag("h3", "Rewards by part"), tag("div", *parts, class_="parts"))


def _end(row: StoredEpisode) -> Markup:
    told = row.payload
    extra = told.get("extra")
    pieces = []
    extra = extra if isinstance(extra, dict) else {}
    proof = extra.get("certificate")
    if isinstance(proof, dict):
        kind = "good" if proof.get("ok") else "bad"
        said = "holds" if proof.get("ok") else "does not hold"
        facts = {k: v for k, v in extra.items() if k in ("status", "objective", "bound", "gap",
                                                          "model", "hash")}  # fmt: skip
        pieces.append(section(
            "Certificate", tag("p", chip(f"{proof.get('kind')}: {said}", kind)),
            text_block(as_text(proof.get("text"))),
            tag("div", *(tag("p", tag("span", k), tag("b", str(v))) for k, v in facts.items()),
                class_="facts"),
        ))  # fmt: skip
    rest = [
        fold(title, text_block(as_text(told[name]), whole=whole_at(row.id, name)))
        for name, title in (("policy", "Policy: model, and versions of prompts and code"),
                            ("extra", "What this agent keeps besides"), ("files", "Files"))
        if told.get(name)
    ]  # fmt: skip
    return join([*pieces, section("Record", tag("p", f"key {row.key} · run ", tag(
        "a", row.run, href=f"/runs/{quote(row.run)}"), " · ", tag(
        "a", "other attempts at this task",
        href=f"/episodes/?{urlencode({'task': row.task or ''})}")), *rest)])  # fmt: skip
