"""Settings and versions: what somebody needs to run it again."""

from __future__ import annotations

import json
import platform
import shlex

from tracegraph._version import __version__
from tracegraph.training.report.markup import Markup, clipped, fold, section, table, tag
from tracegraph.training.review import Review
from tracegraph.training.settings import Settings

_APART = ("settings", "seed")  # shown apart


def repeat(review: Review) -> Markup:
    """Return the command, the settings and the versions."""
    config = review.run.config
    others = {name: value for name, value in config.items() if name not in _APART}
    given = {**others, **config.get("settings", {})}
    pairs: list[list[object]] = [
        [name, _shown(value)] for name, value in given.items() if value not in (None, "", [], {})
    ]
    versions: list[list[object]] = [
        ["tracegraph, for this page", __version__],
        ["Python, for this page", platform.python_version()],
    ]
    command = _command(review)
    return section(
        "To repeat it",
        tag("pre", command) if command else None,
        fold("Settings and versions", table(["setting", "value"], pairs + versions)),
        fold("Values at the start", tag("pre", json.dumps(dict(review.seed.values), indent=2,
                                                          ensure_ascii=False))),
    )  # fmt: skip


def _command(review: Review) -> str:
    config = review.run.config
    if not config.get("spec"):
        return ""
    words = ["tracegraph", "optimize", config["spec"], "--data", config["data"]]
    for option in ("guide", "optimizer", "model", "optimizer_model"):
        if config.get(option):
            words += [f"--{option.replace('_', '-')}", str(config[option])]
    for name, value in config.get("budget", {}).items():
        words += ["--budget", f"{name}={value:g}"]
    usual = Settings().to_json()
    for name, value in config["settings"].items():
        if value != usual.get(name):
            option = f"--{name.replace('_', '-')}"
            words += [option] if value is True else [option, str(value)]
    return shlex.join(words)


def _shown(value: object) -> Markup:
    written = value if isinstance(value, str) else json.dumps(value, default=str)
    return tag("code", clipped(written, 400))
