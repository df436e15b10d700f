"""The turns of an episode: what came in, what the model said, what it did, what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tracegraph.runs import Store, StoredEpisode
from tracegraph.training.report.markup import Markup, chip, clipped, fold, join, tag
from tracegraph.viewer.episodes.screens import curve, screen, strip
from tracegraph.viewer.episodes.texts import as_text, text_block, whole_at
from tracegraph.viewer.episodes.wording import number, seconds


def timeline(store: Store, row: StoredEpisode, turns: list[dict[str, Any]]) -> Iterator[Markup]:
    """Yield the turns."""
    extra = row.payload.get("extra")
    start = extra.get("start") if isinstance(extra, dict) else None
    before = start.get("blob") if isinstance(start, dict) else None
    for place, turn in enumerate(turns):
        seen = turn.get("observation")
        after = seen.get("blob") if isinstance(seen, dict) else None
        last = place == len(turns) - 1
        yield _turn(store, row.id, place, turn, before, after if last else None)
        before = after or before


def _turn(
    store: Store, id: str, place: int, turn: dict[str, Any], before: Any, after: Any
) -> Markup:
    action = turn.get("action")
    done = action if isinstance(action, list) else [action]
    pieces = [
        *_messages(store, id, place, turn.get("messages")),
        screen(store, before, "the screen, and where it acted", done),
        _answer(id, place, turn),
        _action(id, place, action),
        _observation(store, id, place, turn),
        screen(store, after, "the screen at the end"),
    ]
    return tag("article", _title(place, turn), *pieces, class_="turn", id=f"turn-{place + 1}",
               tabindex="-1")  # fmt: skip


def _title(place: int, turn: dict[str, Any]) -> Markup:
    counts = [turn.get(name) for name in ("prompt_tokens", "completion_tokens")]
    told: list[object] = [tag("a", f"{place + 1}", href=f"#turn-{place + 1}", class_="place")]
    if any(isinstance(n, int) and n for n in counts):
        told.append(tag("span", f"{counts[0]:,} → {counts[1]:,} tokens"))
    spent = turn.get("seconds")
    if isinstance(spent, (int, float)) and spent:
        told.append(tag("span", seconds(spent)))
    sampling = turn.get("sampling")
    if isinstance(sampling, dict) and isinstance(sampling.get("temperature"), (int, float)):
        told.append(tag("span", f"temperature {sampling['temperature']:g}"))
    for name, kind in (("notes", "warn"), ("rewards", "good")):
        for key, value in (
            (turn.get(name) or {}).items() if isinstance(turn.get(name), dict) else ()
        ):
            shown = number(value) if isinstance(value, (int, float)) else str(value)
            told.append(chip(clipped(f"{key} {shown}", 60), kind))
    return tag("header", *told)


def _messages(store: Store, id: str, place: int, messages: Any) -> Iterator[Markup]:
    for number_of, message in enumerate(messages if isinstance(messages, list) else []):
        if not isinstance(message, dict):
            continue
        role = str(message.get("role"))
        content = message.get("content")
        body = [text_block(_said(content),
                           whole=whole_at(id, "turns", place, "messages", number_of, "content")),
                *_pictures(store, content), strip(store, message.get("frames"))]  # fmt: skip
        # The system prompt is the same everywhere, and the model's own words stand above.
        if role in ("system", "assistant") and (role == "system" or place):
            title = f"{role} · {len(_said(content)):,} characters"
            yield tag("div", fold(title, *body), class_=f"said {_role(role)}")
        else:
            yield tag("div", tag("h4", role), *body, class_=f"said {_role(role)}")


def _role(role: str) -> str:
    return role if role in ("system", "user", "assistant", "tool") else "other"


def _said(content: Any) -> str:
    if not isinstance(content, list):
        return as_text(content)
    parts = [p.get("text") for p in content if isinstance(p, dict) and p.get("type") == "text"]
    return "\n".join(str(part) for part in parts)


def _pictures(store: Store, content: Any) -> Iterator[Markup]:
    for part in content if isinstance(content, list) else []:
        if isinstance(part, dict) and part.get("blob"):
            yield screen(store, part["blob"], "picture for the model")


def _answer(id: str, place: int, turn: dict[str, Any]) -> Markup:
    answer, action = turn.get("answer"), turn.get("action")
    if not answer:
        return Markup("")
    body = text_block(as_text(answer), whole=whole_at(id, "turns", place, "answer"))
    if isinstance(action, dict) and action.get("thought"):
        # What it was taken to mean says it better.
        raw = fold(f"as it came · {len(as_text(answer)):,} characters", body)
        thought = tag("p", as_text(action["thought"]), class_="thought")
        return tag("div", tag("h4", "thought"), thought, raw, class_="said model")
    if action == answer or (isinstance(action, str) and len(action) > 40 and action in answer):
        return tag("div", fold(f"answer as it came · {len(answer):,} characters", body),
                   class_="said model")  # fmt: skip
    return tag("div", tag("h4", "model"), body, class_="said model")


def _action(id: str, place: int, action: Any) -> Markup:
    if not action:
        return Markup("")
    whole = whole_at(id, "turns", place, "action")
    if isinstance(action, dict) and "code" in action and "kind" in action:
        parts: list[object] = []
        if action.get("code"):
            parts.append(tag("div", tag("h4", "cell"), text_block(
                as_text(action["code"]), class_="code", whole=f"{whole}/code"),
                class_="cell"))  # fmt: skip
        if action.get("answer") is not None:
            parts.append(tag("div", tag("h4", "final answer"),
                             text_block(as_text(action["answer"])), class_="final"))  # fmt: skip
        if action.get("problem"):
            parts.append(tag("p", as_text(action["problem"]), class_="trouble"))
        return join(parts)
    if isinstance(action, str):
        kind = "code" if "\n" in action else None
        return tag("div", tag("h4", "program" if kind else "step"),
                   text_block(action, class_=kind, whole=whole), class_="cell")  # fmt: skip
    if isinstance(action, list):
        return tag("ul", *(tag("li", _deed(one)) for one in action[:100]), class_="deeds")
    return tag("div", tag("h4", "action"), text_block(as_text(action), whole=whole), class_="cell")


def _deed(one: Any) -> Markup:
    if not isinstance(one, dict):
        return tag("code", clipped(as_text(one), 400))
    told = ((k, v) for k, v in one.items() if k != "action" and v not in ("", None))
    rest = ", ".join(f"{k} {_listed(v)}" for k, v in told)
    return tag("span", tag("b", clipped(str(one.get("action")), 60)), " ", clipped(rest, 600))


def _boxes(turn: dict[str, Any]) -> list[Any]:
    """Return what was found in each frame of an observation: its frames are those looked for."""
    action, found = turn.get("action"), turn["observation"].get("boxes")
    wanted = action.get("find") if isinstance(action, dict) else None
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return []
    return [found.get(number) for number in wanted]


def _listed(value: Any) -> str:
    """Return keys that are pressed together as people write them, and others as they are."""
    keys = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return " + ".join(value) if keys else as_text(value)


def _observation(store: Store, id: str, place: int, turn: dict[str, Any]) -> Markup:
    seen = turn.get("observation")
    if seen is None:
        return Markup("")
    whole = whole_at(id, "turns", place, "observation")
    if not isinstance(seen, dict):
        return tag("div", tag("h4", "observation"), text_block(as_text(seen), whole=whole),
                   class_="said seen")  # fmt: skip
    parts: list[object] = []
    rest = dict(seen)
    rest.pop("blob", None)
    if (status := rest.pop("status", None)) is not None:
        fine = status in ("ok", "optimal")
        parts.append(tag("p", chip(clipped(str(status), 80), "good" if fine else "warn")))
    for name in ("text", "told", "diagnosis"):
        if text := rest.pop(name, None):
            parts.append(text_block(as_text(text), whole=f"{whole}/{name}"))
    figures = rest.pop("figures", None)
    for figure in figures if isinstance(figures, list) else []:
        if isinstance(figure, dict):
            parts.append(screen(store, figure.get("blob"),
                                clipped(str(figure.get("summary") or "figure"), 300)))  # fmt: skip
    if "scores" in rest and "times" in rest:
        parts.append(curve(rest.pop("times"), rest.pop("scores")))
    parts.append(strip(store, rest.pop("frames", None), _boxes(turn)))
    rest = {key: value for key, value in rest.items() if value not in (None, "", [], {})}
    if rest:
        parts.append(text_block(as_text(rest), whole=whole))
    body = join(parts)
    return tag("div", tag("h4", "observation"), body, class_="said seen") if body else body
