"""Textual gradients: feedback on an output becomes feedback on what each call was given.

Source: Yuksekgonul et al. 2024, "TextGrad: Automatic Differentiation via Text", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field, create_model

from tracegraph.graph.subgraph import shorten
from tracegraph.models.errors import SchemaError
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.text import assignment
from tracegraph.optimizers.uses import arguments
from tracegraph.prompts import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracegraph.models.client import LLM
    from tracegraph.optimizers.problem import Problem


@dataclass(slots=True)
class Gradients:
    """What one run says about parameters.

    Attributes:
        texts: by parameter.
        tokens: of all calls.
        malformed: how many answers could not be used as they came.
        calls: the nodes that were asked about, the last one first.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    tokens: int = 0
    malformed: int = 0
    calls: list[str] = field(default_factory=list)


async def gradients(
    llm: LLM,
    problem: Problem,
    names: Sequence[str],
    *,
    objective: str,
    seed: int,
    long: int = 800,
    most: int = 12,
) -> Gradients:
    """Return the feedback on parameters: one model call a node between them and the outputs.

    Args:
        llm: who is asked.
        problem: a run with edges; without them the feedback goes to the parameters as it is.
        names: the parameters.
        objective: what the workflow is for.
        seed: of the calls.
        long: characters shown of each value.
        most: calls to ask about, those nearest to the outputs; beyond them the feedback on the
            node goes to its parameters as it is.
    """
    found = Gradients()
    on_path = reached(problem, names)
    received: dict[str, list[str]] = {name: [problem.feedback] for name in problem.outputs}
    lines = {line.partition(" = ")[0]: line for line in problem.lines}
    for call in reversed(lines):
        said, parents = received.get(call), on_path.get(call)
        if not said or not parents:
            continue
        if len(found.calls) < most:
            text = _question(problem, call, lines[call], said, parents, objective, long)
            passed = await _ask(llm, text, parents, derive(seed, call), found)
            found.calls.append(call)
        else:
            passed = dict.fromkeys(parents, "\n".join(said))
        for parent, feedback in passed.items():
            received.setdefault(parent, []).append(feedback)
    for name in names:
        if texts := received.get(name, [] if on_path else [problem.feedback]):
            found.texts[name] = [text for text in texts if text]
    return found


def reached(problem: Problem, names: Sequence[str]) -> dict[str, list[str]]:
    """Return for each call that depends on the parameters which of its parents do."""
    marked = set(names)
    parents: dict[str, list[str]] = {}
    for line in problem.lines:
        call = line.partition(" = ")[0]
        mine = [e.parent for e in problem.edges if e.child == call and e.parent in marked]
        if mine:
            marked.add(call)
            parents[call] = list(dict.fromkeys(mine))
    return parents


def _question(
    problem: Problem,
    call: str,
    line: str,
    said: Sequence[str],
    parents: Sequence[str],
    objective: str,
    long: int,
) -> str:
    results = {**problem.others, **problem.outputs}
    values = {variable.name: as_text(variable.value) for variable in problem.variables}
    given = {name: values.get(name, results.get(name, "")) for name in parents}
    rest = {k: v for k, v in arguments(problem, call).items() if v not in given.values()}
    function = line.partition(" = ")[2].partition("(")[0]
    documentation = problem.documentation.get(function, "")
    return load("optimizers/gradient").format(
        objective=shorten(objective, 600),
        line=line,
        documentation=f"\n{shorten(documentation, 400)}\n" if documentation else "",
        inputs="\n".join(
            assignment(name, shorten(text.rstrip(), long), quoted=name in values)
            for name, text in {**given, **rest}.items()
        ),
        output=shorten(results.get(call, ""), long),
        feedback="\n".join(shorten(text, long) for text in dict.fromkeys(said)),
        names=", ".join(parents),
    )


async def _ask(
    llm: LLM, text: str, parents: Sequence[str], seed: int, found: Gradients
) -> dict[str, str]:
    # Under its bare name a small model writes the value itself, not what is wrong with it.
    fields: dict[str, Any] = {
        f"p{i}": (str, Field(alias=f"what to change in {parent}", max_length=400))
        for i, parent in enumerate(parents)
    }
    form = create_model("Criticism", __config__=ConfigDict(populate_by_name=True), **fields)
    room = 200 + 160 * len(parents)
    try:
        reply = await llm.complete(
            text, schema=form, seed=seed, temperature=0.0, max_tokens=room, parent="optimizer"
        )
    except SchemaError:
        found.malformed += getattr(llm, "repairs", 0) + 1
        return {}
    found.tokens += reply.usage.tokens
    found.malformed += reply.repairs
    parsed: Any = reply.parsed
    return {parent: getattr(parsed, f"p{i}").strip() for i, parent in enumerate(parents)}
