"""The tokens of an episode as training sees them: ids, how likely each was, whose they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.training.report.markup import Markup, clipped, fold, tag
from tracegraph.viewer.data import store_of
from tracegraph.viewer.episodes.found import one
from tracegraph.viewer.page import page

_MOST = 3000  # tokens of a turn that are drawn
_FEW = 60  # more of a prompt are folded
# Classes of the style sheet, by probability: the first that is not above it.
_STEPS = ((0.9, "p5"), (0.5, "p4"), (0.1, "p3"), (0.01, "p2"), (0.0, "p1"))


def tokens(request: Request) -> Response:
    """Show the token ids of each turn, sampled ones coloured by their log-probability."""
    row = one(store_of(request), str(request.path_params["episode"]))
    turns = [turn for turn in row.payload.get("turns") or [] if isinstance(turn, dict)]
    legend = [
        tag("span", tag("i", class_=f"token {name}"), text)
        for name, text in (("p5", "90 % and more"), ("p4", "50 %"), ("p3", "10 %"), ("p2", "1 %"),
                           ("p1", "less"), ("p0", "not told"), ("env", "from the prompt, mask 0"))
    ]  # fmt: skip
    return page(
        request,
        f"Tokens of {clipped(row.task or row.key, 100)}",
        tag("p", *legend, class_="legend"),
        *_turns(turns),
        place="episodes",
        crumbs=[("Episodes", "/episodes/"), (row.key[:40], f"/episodes/{quote(row.id)}")],
        styles=["/episodes/static/episodes.css"],
    )


def _turns(turns: list[dict[str, Any]]) -> Iterator[Markup]:
    known: list[Any] = []
    for place, turn in enumerate(turns):
        prompt, ids = turn.get("prompt_token_ids"), turn.get("token_ids")
        if not isinstance(ids, list) or not ids:
            continue
        prompt = prompt if isinstance(prompt, list) else []
        grows = bool(known) and prompt[: len(known)] == known
        new = prompt[len(known) :] if grows else prompt
        known = prompt + ids
        said = turn.get("logprobs")
        logprobs = said if isinstance(said, list) and len(said) == len(ids) else [None] * len(ids)
        rated = [value for value in logprobs if isinstance(value, (int, float))]
        told = [f"{len(new):,} of the prompt", f"{len(ids):,} sampled"]
        if rated:
            told.append(f"mean log-probability {sum(rated) / len(rated):.3f}")
        told.append("goes on from the turn before" if grows else "a sequence of its own")
        given = tag("p", *(_token(id, "env", None) for id in new[-_MOST:]), class_="tokens")
        if len(new) > _FEW:  # what was sampled is what one comes for
            given = fold(f"{len(new):,} tokens of the prompt", given)
        sampled = [_token(id, _step(value), value) for id, value in
                   zip(ids[:_MOST], logprobs, strict=False)]  # fmt: skip
        yield tag("section", tag("h2", f"Turn {place + 1}"),
                  tag("p", " · ".join(told), class_="soft"), given if new else None,
                  tag("p", *sampled, class_="tokens"))  # fmt: skip


def _step(value: Any) -> str:
    if not isinstance(value, (int, float)):
        return "p0"
    probability = math.exp(min(0.0, value))
    return next(name for least, name in _STEPS if probability >= least)


def _token(id: Any, kind: str, value: Any) -> Markup:
    title = None
    if isinstance(value, (int, float)):
        title = f"log-probability {value:.3f}, {math.exp(min(0.0, value)):.1%}"
    return tag("span", clipped(str(id), 12), class_=f"token {kind}", title=title)
