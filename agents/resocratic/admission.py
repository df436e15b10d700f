"""Which seeds may be used: those that the verifier and the contamination gate let pass."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import tracegraph as tg
from tracegraph.agents.resocratic import program, questions
from tracegraph.agents.resocratic.contamination import Gate, Overlap
from tracegraph.agents.resocratic.formal import FormalError
from tracegraph.agents.resocratic.seeds import Seed
from tracegraph.agents.resocratic.verify import verify
from tracegraph.envs.solver import SolverPool


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a seed may be used.

    Attributes:
        seed: which.
        problems: why not, in sentences; empty when it may.
        overlap: with the benchmarks.
        certificate: the kind of proof of its optimum, "" without one.
    """

    seed: Seed
    problems: tuple[str, ...]
    overlap: Overlap
    certificate: str = ""

    @property
    def admitted(self) -> bool:
        """Whether it may be used."""
        return not self.problems


async def admit(seeds: Sequence[Seed], gate: Gate, pool: SolverPool) -> list[Admission]:
    """Return for each seed whether it may be used.

    Its program must run to a certified optimum, which is the one that it states; its formal lines
    must make a model with the same canonical hash and optimum; it must be linear if and only if it
    says so, state every number in words, and not be in a benchmark.
    """
    overlaps = await gate.check_all([_words(seed) for seed in seeds])
    pairs = zip(seeds, overlaps, strict=True)
    with tg.record():  # the verifier's steps are bundled: here they return plain values
        return list(await asyncio.gather(*(_admit(seed, found, pool) for seed, found in pairs)))


async def _admit(seed: Seed, overlap: Overlap, pool: SolverPool) -> Admission:
    problems = [] if overlap.clean else [f"contaminated: {overlap.why}"]
    try:
        demonstration = seed.demonstration
    except FormalError as error:
        return Admission(seed, (*problems, str(error)), overlap)
    if demonstration.is_linear != (seed.kind == "linear"):
        problems.append(f"it is called {seed.kind}, and its formal lines are not")
    variant = questions.variants(demonstration)[0]
    if (variant == "table") != seed.table:
        problems.append("whether it has a table is not what it says")
    problems += questions.faults(
        demonstration, variant, questions.assembled(demonstration, variant)
    )
    found = await verify(seed.program, demonstration, pool, stated=seed.optimum)
    problems += [said for _, said in found.problems]
    own = await pool.run(program.write(demonstration))
    if own.model is not None and found.hash and own.model.hash != found.hash:
        problems.append("the program states another model than the formal lines")
    kind = found.certificate.kind if found.certificate is not None else ""
    return Admission(seed, tuple(problems), overlap, kind)


def _words(seed: Seed) -> str:
    try:
        return seed.demonstration.words
    except FormalError:
        return seed.text
