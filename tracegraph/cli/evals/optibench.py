"""`tracegraph eval optibench`: optimisation problems in words, with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.episodes import AsJson, BudgetText, Concurrency, Fresh, ModelName, Quiet, Resume

if TYPE_CHECKING:
    from tracegraph.agents import Episode


def optibench(
    data: Annotated[Path, typer.Option(help="OptiBench.json, NL4OPT-E.json, or JSON lines.")],
    profile: Annotated[
        str, typer.Option(help="How answers are scored: strict, optibench, nl4opt, orlm or sirl.")
    ] = "strict",
    model: ModelName = "",
    shots: Annotated[str, typer.Option(help="Worked examples in the prompt: 0 or few.")] = "0",
    repair: Annotated[
        int, typer.Option(help="How often a program may be written again, by its diagnosis.")
    ] = 0,
    limit: Annotated[
        int, typer.Option(help="So many problems, every class in its share; 0 for all.")
    ] = 0,
    certify: Annotated[
        bool, typer.Option("--certify", help="Also prove each optimum that a solver claims.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="Seconds for one program.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of what the model draws by lot.")] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds for one problem.")] = 1800.0,
    concurrency: Concurrency = 4,
    resume: Resume = "",
    budget: BudgetText = "",
    fresh: Fresh = False,
    store: StorePath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how well a model turns word problems into programs that solve them.

    Programs run in the sandbox; a problem counts as right by the rule of the profile. Labels that
    are known to be bad are scored as they are, and the accuracy without them is shown as well.

    Example: tracegraph eval optibench --data OptiBench.json --limit 40 --repair 1
    """
    from tracegraph.agents.resocratic.solve import Modeller
    from tracegraph.cli.episodes import run_episodes
    from tracegraph.envs.solver import SolverPool, load, stratified
    from tracegraph.envs.solver.profiles import profile_of
    from tracegraph.errors import TracegraphError
    from tracegraph.models import LLM
    from tracegraph.rollout import Work

    profile_of(profile)
    if shots not in ("0", "few"):
        raise TracegraphError(f"--shots {shots!r} is unknown: use 0 or few")
    tasks = stratified(load(data), limit)
    pool = SolverPool(2, seconds=seconds)
    agent = Modeller(
        LLM(model or None), pool, shots=shots, repairs=repair, profile=profile,  # type: ignore[arg-type]
        certify=certify,
    )  # fmt: skip

    async def episode(work: Work) -> Episode:
        return await agent.run(work.task, seed=work.seed)

    run, episodes = run_episodes(
        "eval optibench",
        [Work(task.id, task, seed) for task in tasks],
        episode,
        config={
            "data": str(data.resolve()), "model": agent.llm.model, "profile": profile,
            "shots": shots, "repair": repair, "limit": limit, "seconds": seconds, "seed": seed,
            "certify": certify or None,  # runs from before this setting can be resumed
        },
        store=store, resume=resume, concurrency=concurrency, budget=budget, timeout=timeout,
        fresh=fresh, as_json=as_json, quiet=quiet, around=pool,
    )  # fmt: skip
    told = summarize(episodes)
    if as_json:
        import json

        typer.echo(json.dumps({"event": "results", "run": run, "profile": profile, **told}))
    else:
        _show(run, profile, told)


def summarize(episodes: Sequence[Episode]) -> dict[str, Any]:
    """Return the figures of an evaluation: shares from 0 to 1, counts, tokens a problem."""
    from collections import Counter

    from tracegraph.envs import RETRIED

    scored = [e for e in episodes if e.outcome not in RETRIED and e.reward is not None]
    classes = sorted({str(e.extra.get("kind", "")) for e in scored})
    sound = [e for e in scored if e.extra.get("flaw") not in ("wrong", "ill_posed")]
    failures: Counter[str] = Counter()
    for each in scored:
        if each.reward != 1:
            failures[_failure(each)] += 1
    count = max(1, len(scored))
    return {
        "problems": len(scored),
        "accuracy": _share(scored),
        "without_bad_labels": _share(sound),
        "classes": {name: _share([e for e in scored if e.extra["kind"] == name])
                    for name in classes},
        "passed": sum(e.rewards.get("passed", 0.0) for e in scored) / count,
        "solved": sum(e.rewards.get("solved", 0.0) for e in scored) / count,
        "certified": _share([e for e in scored if "certified" in e.rewards], "certified"),
        "objective": sum(e.rewards.get("objective", 0.0) for e in scored) / count,
        "relaxed": _share([e for e in scored if "relaxed" in e.rewards], "relaxed"),
        "whole": _share([e for e in scored if "whole" in e.rewards], "whole"),
        "tokens": sum(e.tokens for e in scored) / count,
        "repaired": sum(bool(e.notes.get("repaired")) for e in scored),
        "failures": dict(failures.most_common()),
        "not_scored": len(episodes) - len(scored),
    }  # fmt: skip


def _share(episodes: Sequence[Episode], part: str = "") -> dict[str, Any]:
    from tracegraph.training.intervals import score_interval

    values = [e.rewards[part] if part else float(e.reward or 0.0) for e in episodes]
    if not values:
        return {"count": 0, "share": None, "interval": None}
    return {
        "count": len(values),
        "share": sum(values) / len(values),
        "interval": list(score_interval(values)),
    }


def _failure(episode: Episode) -> str:
    """Return why a problem was not solved, in the diagnosis's words."""
    if episode.outcome == "format_error":
        return "no program"
    status = str(episode.extra.get("status", ""))
    if status == "error":
        error = str(episode.extra.get("error", ""))
        name = error.rpartition("Error")[0].rpartition(" ")[2].rpartition("\n")[2]
        return f"error ({name}Error)" if name else "error"
    if status != "optimal":
        return status
    if not episode.extra.get("certificate", {"ok": True})["ok"]:
        return "optimal for its solver, not certified"
    if "objective_bound" in episode.extra.get("kinds", ()):
        return "objective held at its bound of 0"
    if episode.rewards.get("objective") == 1:
        return "objective right, other values not"
    if episode.rewards.get("relaxed") == 1 or episode.rewards.get("whole") == 1:
        return "right in the other reading (integrality)"
    return "another optimum"


def _show(run: str, profile: str, told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    out = Console()
    title = f"{told['problems']} problems, profile {profile} (run {run})"
    table = Table(title=title, title_justify="left")
    for head in ("", "accuracy", "95 %", "of"):
        table.add_column(head, justify="left" if not head else "right")
    shares = {"all": told["accuracy"], "without known-bad labels": told["without_bad_labels"]}
    shares |= {name or "(no class)": share for name, share in told["classes"].items()}
    shares |= {"linear model, without integrality": told["relaxed"]}
    shares |= {"linear model, all whole": told["whole"]}
    for name, share in shares.items():
        if share["count"]:
            low, high = share["interval"]
            cells = f"{share['share']:.1%}", f"{low:.1%} to {high:.1%}", str(share["count"])
            table.add_row(name, *cells)
    out.print(table)
    proved = told["certified"]["share"]
    certified = "" if proved is None else f"certified optimal {proved:.1%}, "
    typer.echo(
        f"programs that ran {told['passed']:.1%}, optimal for their solver {told['solved']:.1%}, "
        f"{certified}objective right {told['objective']:.1%}; "
        f"{told['tokens']:,.0f} tokens a problem; {told['repaired']} repaired"
    )
    for kind, count in told["failures"].items():
        typer.echo(f"{count:4d} failed: {kind}")
    if told["not_scored"]:
        typer.echo(f"{told['not_scored']} not scored; --resume {run} tries these again")
