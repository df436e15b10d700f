"""A training of weights: its curves, how far it is, what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracegraph.training.report.markup import Markup, join, section, table, tag
from tracegraph.viewer.data.training import Measured, measured
from tracegraph.viewer.drawings import Points, Series, panel
from tracegraph.viewer.marks import facts

if TYPE_CHECKING:
    from tracegraph.runs import Run, Store

_SMOOTH = 5  # steps
_LATEST = 12  # steps in the table
_COLUMNS = ("step", "reward", "loss", "entropy", "clipped", "mismatch", "gradient", "seconds")


def is_training(run: Run) -> bool:
    """Whether a run trains weights."""
    return run.kind.startswith("train ")


def training(store: Store, run: Run) -> list[Markup]:
    """Return the sections of such a run."""
    found = measured(store, run.id)
    if not found.steps and not found.evaluations:
        return [section("Curves", tag("p", "Nothing has been measured yet.", class_="soft"))]
    return [_facts(found), _curves(found), _steps(found)]


def beside(store: Store, runs: Sequence[Run]) -> Markup:
    """Return the curves of several trainings over each other; empty without any."""
    found = [(run.name or run.kind, measured(store, run.id)) for run in runs if is_training(run)]
    names = (("reward", f"Reward, mean of {_SMOOTH}"), ("loss", "Loss"), ("entropy", "Entropy"),
             ("mismatch", "Sampler and trainer apart, a token"))  # fmt: skip
    panels = []
    for key, title in names:
        lines = []
        for hue, (name, m) in enumerate(found, 1):
            points: Points = m.points(key)
            lines.append(Series(name, _smooth(points) if key == "reward" else points, hue))
        panels.append(panel(title, lines, "steps"))
    looks = [Series(name, m.looks("check"), hue) for hue, (name, m) in enumerate(found, 1)]
    panels.insert(1, panel("Greedy accuracy, check problems", looks, "steps"))
    return section("Curves", tag("div", *panels, class_="panels")) if any(panels) else Markup("")


def _facts(found: Measured) -> Markup:
    of = f" / {found.planned:,}" if found.planned else ""
    shown: list[tuple[object, str]] = [(f"{found.last:,}{of}", "steps")]
    told = [("check", "", "check problems"), ("held_out", "", "held-out problems")]
    told += [("accuracy", part, f"answers right, {part}") for part in found.parts]
    for name, part, words in told:
        if values := [f"{value:.3f}" for _, value in found.looks(name, part)]:
            shown.append((" → ".join(dict.fromkeys([values[0], values[-1]])), words))
    if stopped := found.evaluations[-1].get("stopped") if found.evaluations else None:
        shown.append((str(stopped), "why it stopped"))
    return section("Training", facts(shown))


def _curves(found: Measured) -> Markup:
    reward = found.points("reward")
    panels = [
        ("Reward of samples, and greedy accuracy", [
            Series("", reward, 1, "thin"), Series(f"reward, mean of {_SMOOTH}", _smooth(reward)),
            Series("check", found.looks("check"), 2, "dots"),
            Series("held out", found.looks("held_out"), 3, "dots"),
        ]),
        ("Held out: answers right", _by_part(found, "accuracy")),
        ("Held out: precision of chosen frames", _by_part(found, "precision")),
        ("Parts of the reward", [Series("answer", found.points("answer")),
                                 Series("in the target", found.points("temporal"), 2)]),
        ("Loss", [Series("loss", found.points("loss"))]),
        ("Entropy a token", [Series("entropy", found.points("entropy"))]),
        ("Share of clipped tokens", [Series("clipped", found.points("clipped"))]),
        ("Sampler and trainer apart, a token", [
            Series("mean", found.points("mismatch")), Series("KL", found.points("mismatch_kl"), 2),
        ]),
        ("Share of groups that teach nothing", [
            Series("no variance", _share(found, "zero_variance")),
            Series("all failed", _share(found, "all_failed"), 2),
        ]),
        ("Length of the gradient", [Series("gradient", found.points("gradient"))]),
        ("Seconds a step", [
            Series("in all", found.points("seconds")),
            Series("sampling", found.points("sampling_seconds"), 2),
        ]),
    ]  # fmt: skip
    return section("Curves", tag("div", *(panel(title, lines, "steps") for title, lines in panels),
                                 class_="panels"))  # fmt: skip


def _by_part(found: Measured, name: str) -> list[Series]:
    return [
        Series(part, found.looks(name, part), 1 + place % 4)
        for place, part in enumerate(found.parts)
    ]


def _steps(found: Measured) -> Markup:
    names = [n for n in _COLUMNS if any(n in line for line in found.steps)]
    rows: list[list[object]] = [
        [f"{line[n]:.4g}" if isinstance(line.get(n), int | float) else "" for n in names]
        for line in found.steps[: -_LATEST - 1 : -1]
    ]
    fold = tag("details", tag("summary", f"The last {len(rows)} steps in numbers"),
               tag("div", table(names, rows), class_="wide"))  # fmt: skip
    return section("Steps", fold) if rows else join([])


def _share(found: Measured, name: str) -> Points:
    """Return counts of groups as shares of those that were drawn; shares as they are."""
    drawn = dict(found.points("drawn"))
    return [(step, value / drawn.get(step, 1.0)) for step, value in found.points(name)]


def _smooth(points: Points) -> Sequence[tuple[float, float]]:
    made = []
    for place, (step, _) in enumerate(points):
        some = [value for _, value in points[max(0, place - _SMOOTH + 1) : place + 1]]
        made.append((step, sum(some) / len(some)))
    return made
