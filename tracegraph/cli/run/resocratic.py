"""`tracegraph run resocratic`: solve one optimisation problem in words, and see the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath

if TYPE_CHECKING:
    from tracegraph.agents import Episode
    from tracegraph.envs.solver import Certificate, Diagnosis, SolverRun

_STOPPED = 130  # what shells give for Ctrl-C


def resocratic(
    question: Annotated[str, typer.Argument(help="The problem in words.")],
    model: Annotated[
        str, typer.Option("--model", help="Any model; else $TRACEGRAPH_MODEL, else local.")
    ] = "",
    shots: Annotated[str, typer.Option(help="Worked examples in the prompt: 0 or few.")] = "0",
    repair: Annotated[int, typer.Option(help="How often the program may be written again.")] = 1,
    seconds: Annotated[float, typer.Option(help="Seconds for one program.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of what the model draws by lot.")] = 0,
    store: StorePath = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Solve an optimisation problem: the program, its model, the result, how far it is proved.

    The program runs in the sandbox.

    Example: tracegraph run resocratic "A baker has 20 kg of flour. A loaf takes 0.5 kg …"
    """
    import asyncio

    from tracegraph.agents.resocratic.solve import Modeller
    from tracegraph.envs.solver import SolverPool, SolverTask, certify
    from tracegraph.errors import TracegraphError
    from tracegraph.models import LLM
    from tracegraph.runs import Store, add_episode, run_scope

    if shots not in ("0", "few"):
        raise TracegraphError(f"--shots {shots!r} is unknown: use 0 or few")
    last: dict[str, Any] = {}

    async def solve(llm: LLM) -> tuple[Episode, Certificate]:
        async with SolverPool(1, seconds=seconds) as pool:
            agent = Modeller(llm, pool, shots=shots, repairs=repair)  # type: ignore[arg-type]
            episode = await agent.run(
                SolverTask("question", question), seed=seed,
                on_event=lambda kind, told: last.update(told),
            )  # fmt: skip
            return episode, await certify(last["run"], pool)

    llm = LLM(model or None)
    with (
        Store(store) as opened,
        run_scope(opened, "run resocratic", question[:80], model=llm.model) as run,
    ):
        try:
            episode, proof = asyncio.run(solve(llm))
        except KeyboardInterrupt:
            raise typer.Exit(_STOPPED) from None
        add_episode(opened, episode.to_stored(run.id, "question")).result()
    if as_json:
        import json
        from dataclasses import asdict

        told = {"answer": episode.answer, **episode.extra, "certificate": asdict(proof),
                "diagnosis": last["diagnosis"].text, "tokens": episode.tokens}  # fmt: skip
        typer.echo(json.dumps(told))
    else:
        show(last["code"], last["run"], proof, last["diagnosis"])
    if last["run"].status != "optimal":
        raise typer.Exit(1)


def show(code: str, run: SolverRun, proof: Certificate, found: Diagnosis) -> None:
    """Print a program and what came of it."""
    typer.echo(code.strip() + "\n")
    if run.model is not None:
        rows, columns = len(run.model.constraints), len(run.model.variables)
        typer.echo(f"model        {run.model.kind}, {columns} variables, {rows} constraints, "
                   f"{run.model.sense} ({run.model.hash})")  # fmt: skip
    typer.echo(f"status       {run.status}" + (f": {run.error}" if run.error else ""))
    if run.objective is not None:
        typer.echo(f"objective    {run.objective:.10g}")
    for variable in run.variables:
        if variable.value is not None:
            typer.echo(f"  {variable.name} = {variable.value:.6g}")
    typer.echo(f"certificate  {proof.kind if proof.ok else 'none'}: {proof.text}")
    if found.findings:
        typer.echo("diagnosis    " + found.text.replace("\n", "\n             "))
