"""`tracegraph synthesize datarus`: from a table to verified questions to tagged episodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.episodes import BudgetText, Concurrency, Fresh, ModelName, Quiet, Resume

if TYPE_CHECKING:
    from tracegraph.agents.datarus.synthesis import Verified
    from tracegraph.models import LLM

_ROUND = 3  # questions a call: small models repeat themselves after that


def datarus(
    out: Annotated[Path, typer.Option(help="The folder of the data set.")],
    data: Annotated[Path | None, typer.Option(help="A table, such as a CSV file.")] = None,
    generate: Annotated[
        str, typer.Option(help="Make a table instead: sales, sensors or survey.")
    ] = "",
    table_seed: Annotated[int, typer.Option(help="Of the table that is made.")] = 0,
    count: Annotated[int, typer.Option(help="Questions with a computed answer to aim at.")] = 20,
    solutions: Annotated[
        int, typer.Option(help="Independent solutions of each; all must agree.")
    ] = 2,
    model: ModelName = "",
    steps: Annotated[int, typer.Option(help="Cells at most, a solution.")] = 6,
    concurrency: Concurrency = 4,
    resume: Resume = "",
    budget: BudgetText = "",
    fresh: Fresh = False,
    store: StorePath = None,
    quiet: Quiet = False,
) -> None:
    """Make training conversations for the agent, with verified answers.

    A model writes questions with code; the code runs and gives the answer; the agent solves each
    question several times without seeing the code; what all agree on is kept. Questions are in
    OUT/questions.jsonl as they are made, solutions in the run store: --resume repeats nothing.

    Without --data a table is made by a known rule, with missing values, and kept in OUT/tables.

    Example: tracegraph synthesize datarus --data titanic.csv --out set --count 20
    """
    from collections import Counter

    from tracegraph.agents import Episode
    from tracegraph.agents.datarus import Datarus, Settings
    from tracegraph.agents.datarus.synthesis import (
        agree,
        distinct,
        to_sample,
        to_task,
        write_dataset,
    )
    from tracegraph.cli.episodes import run_episodes
    from tracegraph.envs.notebook import KernelPool, NotebookEnv
    from tracegraph.errors import TracegraphError
    from tracegraph.models import LLM
    from tracegraph.rollout import Work

    table, origin = _table(data, generate, table_seed, out / "tables")
    llm = LLM(model or None)
    verified = _questions(llm, table, out / "questions.jsonl", count, quiet=quiet)
    good = {each.key: each for each in verified if not each.problem}
    if not good:
        raise TracegraphError(f"none of {len(verified)} questions had an answer; try another model")
    pool = KernelPool(min(2, len(good)), most=concurrency)
    # Solutions that are to be independent are drawn, not decoded greedily.
    settings = Settings(steps=steps, temperature=0.7)
    agent = Datarus(llm, lambda task: NotebookEnv(pool), settings=settings)
    work = [
        Work(f"{key}#{number}", to_task(each, table), number)
        for key, each in good.items()
        for number in range(solutions)
    ]

    async def episode(item: Work) -> Episode:
        return await agent.run(item.task, seed=item.seed)

    _, episodes = run_episodes(
        "synthesize datarus", work, episode,
        config={"data": str(table), "model": llm.model, "steps": steps, "solutions": solutions},
        store=store, resume=resume, concurrency=concurrency, budget=budget, fresh=fresh,
        quiet=quiet, around=pool,
    )  # fmt: skip
    rejected: Counter[str] = Counter(
        f"its code failed: {each.problem.partition(':')[0]}" for each in verified if each.problem
    )
    samples = []
    for key, each in good.items():
        agreeing = agree(each, [e for e in episodes if e.task == key], solutions)
        if not agreeing:
            rejected["the solutions do not agree with its answer"] += 1
            continue
        # Of those that are right, the one that got there straightest teaches best.
        best = min(agreeing, key=lambda e: (len(e.turns), e.tokens))
        samples.append(to_sample(each, best, table.name, llm.model))
    kept = distinct(samples)
    rejected["it repeats another one"] += len(samples) - len(kept)
    source = f"Made from the table {table.name}; questions and solutions by {llm.model}.{origin}"
    write_dataset(out, kept, +rejected, source=source)
    if not quiet:
        for reason, number in rejected.most_common():
            typer.echo(f"left out, {reason}: {number}")
    typer.echo(f"{len(kept)} conversations in {out / 'train.jsonl'}")


def _table(data: Path | None, kind: str, seed: int, folder: Path) -> tuple[Path, str]:
    """Return the table, and for one that is made here a sentence on what holds in it."""
    from tracegraph.agents.datarus.synthesis import KINDS, generate
    from tracegraph.errors import TracegraphError

    if data is not None and kind:
        raise TracegraphError("--data names a table and --generate makes one: give one of them")
    if data is not None:
        if not data.is_file():
            raise TracegraphError(f"there is no table {data}: name a file with --data")
        return data.resolve(), ""
    made = generate(kind or sorted(KINDS)[seed % len(KINDS)], seed)
    told = f" The table is made by a rule (seed {seed}). {made.structure}"
    return made.write(folder).resolve(), told


def _questions(llm: LLM, table: Path, path: Path, count: int, *, quiet: bool) -> list[Verified]:
    """Return questions with their computed answers; those in the file are not made again."""
    import asyncio
    import json
    from dataclasses import asdict

    from tracegraph.agents.datarus.synthesis import Verified, propose, verify
    from tracegraph.agents.datarus.synthesis.propose import CONCEPTS, Round
    from tracegraph.agents.datarus.synthesis.verify import describe
    from tracegraph.envs.notebook import NotebookEnv
    from tracegraph.models import SchemaError

    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text("utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:  # the last line was cut off by a kill
        path.write_text(whole, encoding="utf-8")
    found = [Verified(**json.loads(line)) for line in whole.split("\n") if line]
    rounds = 0

    async def more() -> None:
        nonlocal rounds
        env = NotebookEnv()
        try:
            described = await describe(table, env)
            # Some rounds give nothing new; three times as many as needed are enough to tell.
            while _good(found) < count and rounds < 3 * count // _ROUND + len(CONCEPTS):
                known = [each.question.partition("\n")[0] for each in found]
                try:
                    proposals = await propose(llm, Round(described, _ROUND, rounds, known))
                except SchemaError:
                    proposals = []
                rounds += 1
                for proposed in proposals:
                    if any(each.key == proposed.key for each in found):
                        continue
                    found.append(await verify(proposed, table, env))
                    with path.open("a", encoding="utf-8") as out:
                        out.write(json.dumps(asdict(found[-1]), ensure_ascii=False) + "\n")
                    if not quiet:
                        last = found[-1]
                        typer.echo(f"{last.answer or last.problem}: {last.question[:100]!r}")
        finally:
            await env.close()

    if _good(found) < count:
        asyncio.run(more())
    return found


def _good(questions: list[Verified]) -> int:
    return sum(not each.problem for each in questions)
