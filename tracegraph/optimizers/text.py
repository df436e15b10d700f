"""The canonical text of problems: the sections of the paper, in its order, within a size.

Several problems share their code, documentation and variables; each has its own inputs, other
values, outputs and feedback. What is too long is cut, the least useful first, and the text says
so. The same problems give the same text.

Source: Cheng, Nie, Swaminathan 2024, "Trace is the New AutoDiff", section 4 and appendix.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.skeleton import skeletons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tracegraph.optimizers.problem import Problem, Variable


@dataclass(frozen=True, slots=True)
class ProblemText:
    """A text for a model.

    Attributes:
        text: what the model reads.
        shortened: the whole of each value of which only a part is shown, by its name.
    """

    text: str
    shortened: Mapping[str, str] = field(default_factory=dict)


class _Cut(NamedTuple):
    """How much is shown: characters of a value, lines of code, runs."""

    others: int
    inputs: int
    documentation: int
    rest: int
    lines: int
    runs: int


def problem_text(
    problems: Sequence[Problem],
    *,
    variables: Sequence[Variable] | None = None,
    objective: str = "",
    long: int = 1200,
    limit: int = 24_000,
    tags: bool = False,
) -> ProblemText:
    """Return the text of problems.

    Args:
        problems: the most useful first: where there is no room for all, the last are left out.
        variables: what may change; by default all variables of the first problem.
        objective: the instruction.
        long: the most characters of one value.
        limit: the most characters altogether.
        tags: whether sections and variables stand between tags, instead of after titles.
    """
    movable = variables if variables is not None else problems[0].variables if problems else ()
    made = ProblemText("")
    for cut in _cuts(long, len(problems)):
        made = _Writer(problems, movable, objective, cut, long, tags).write()
        if len(made.text) <= limit:
            return made
    return replace(made, text=shorten(made.text, limit - 40)[:limit])


def _cuts(long: int, runs: int) -> Iterator[_Cut]:
    cut = _Cut(long, long, long, long, 400, runs)
    yield cut
    for name in ("others", "inputs", "documentation"):
        for size in (200, 60, 0):
            if size < long:
                cut = cut._replace(**{name: size})
                yield cut
    while cut.runs > 1:
        cut = cut._replace(runs=(cut.runs + 1) // 2 if cut.runs > 2 else 1)
        yield cut
    for lines in (100, 20, 6):
        cut = cut._replace(lines=lines)
        yield cut
    for part in (2, 4, 10):
        cut = cut._replace(rest=max(long // part, 40))
        yield cut


class _Writer:
    def __init__(
        self,
        problems: Sequence[Problem],
        movable: Sequence[Variable],
        objective: str,
        cut: _Cut,
        long: int,
        tags: bool,
    ) -> None:
        self.problems = problems[: cut.runs]
        self.dropped = len(problems) - len(self.problems)
        self.movable = movable
        self.objective = objective
        self.cut = cut
        self.long = long
        self.tags = tags
        self.skeletons = skeletons(self.problems)
        self.shortened: dict[str, str] = {}

    def write(self) -> ProblemText:
        parts = [
            self._section("Instruction", [self.objective] if self.objective else []),
            *self._code(),
            self._section("Documentation", list(self._documentation())),
            self._section("Variables", [self._variable(variable) for variable in self.movable]),
            self._section(
                "Constraints",
                [f"({v.kind}) {v.name}: {v.constraint}" for v in self.movable if v.constraint],
            ),
        ]
        for number, problem in enumerate(self.problems, 1):
            parts.extend(self._run(problem, number))
        if note := self._note():
            parts.append(self._section("Left out", [note]))
        return ProblemText("\n\n".join(part for part in parts if part), self.shortened)

    def _code(self) -> Iterator[str]:
        runs: dict[tuple[str, ...], list[int]] = {}
        for number, (lines, _) in enumerate(self.skeletons, 1):
            runs.setdefault(lines, []).append(number)
        for lines, numbers in runs.items():
            same = len(runs) == 1
            title = "Code" if same else f"Code of run {', '.join(map(str, numbers))}"
            cut = self.problems[numbers[0] - 1].left_out
            head = [f"… ({cut} calls are not shown)"] if cut else []
            yield self._section(title, [*head, *_middle_out(lines, self.cut.lines)])

    def _documentation(self) -> Iterator[str]:
        if not self.cut.documentation:
            return
        merged: dict[str, str] = {}
        for problem in self.problems:
            merged.update({k: v for k, v in problem.documentation.items() if k not in merged})
        for name, text in merged.items():
            yield f"[{name}] {shorten(text.strip(), self.cut.documentation)}"

    def _variable(self, variable: Variable) -> str:
        about = f"  # {variable.description}" if variable.description else ""
        size = max(self.cut.rest, 4 * self.cut.rest if self.cut.rest == self.long else 0)
        value = self._shown(variable.name, as_text(variable.value).rstrip(), size)
        if self.tags:
            head = f'<variable name="{variable.name}" type="{variable.kind}">{about}'
            return f"{head}\n{value}\n</variable>"
        quoted = isinstance(variable.value, str)
        return f"({variable.kind}) {assignment(variable.name, value, quoted=quoted)}{about}"

    def _run(self, problem: Problem, number: int) -> Iterator[str]:
        several = len(self.problems) > 1
        if several:
            example = f" (example {problem.example})" if problem.example else ""
            yield f"--- Run {number} of {len(self.problems)}{example} ---"
        where = f" in run {number}" if several else ""
        yield self._values("Inputs", self._inputs(number - 1), where, self.cut.inputs)
        yield self._values("Others", problem.others, where, self.cut.others)
        yield self._values("Outputs", problem.outputs, where, self.cut.rest)
        said = [shorten(problem.feedback, max(self.cut.rest, 40))] if problem.feedback else []
        if problem.score is not None:
            said.append(f"Score: {problem.score:g}")
        yield self._section("Feedback", said)

    def _inputs(self, number: int) -> dict[str, str]:
        problem, names = self.problems[number], {variable.name for variable in self.movable}
        fixed = {v.name: as_text(v.value) for v in problem.variables if v.name not in names}
        return {**fixed, **problem.inputs, **self.skeletons[number][1]}

    def _values(self, title: str, values: Mapping[str, str], where: str, size: int) -> str:
        if not size:
            return ""
        return self._section(
            title,
            [assignment(n, self._shown(n + where, v, size)) for n, v in values.items()],
        )

    def _shown(self, name: str, text: str, size: int) -> str:
        shown = shorten(text, size)
        if shown != text:
            self.shortened[name] = text
        return shown

    def _section(self, title: str, lines: Sequence[str]) -> str:
        if not lines:
            return ""
        body = "\n".join(lines)
        if not self.tags:
            return f"#{title}\n{body}"
        tag = title.lower().replace(" ", "_")
        return f"<{tag}>\n{body}\n</{tag}>"

    def _note(self) -> str:
        cut, said = self.cut, []
        if not cut.others and any(problem.others for problem in self.problems):
            said.append("values in between")
        if not cut.inputs and any(map(self._inputs, range(len(self.problems)))):
            said.append("inputs")
        if not cut.documentation and any(problem.documentation for problem in self.problems):
            said.append("documentation")
        if self.dropped:
            said.append(f"{self.dropped} more runs")
        return f"For lack of room: {', '.join(said)}." if said else ""


def assignment(name: str, text: str, *, quoted: bool = False) -> str:
    """Return a value as an assignment; a text of several lines as a block."""
    if "\n" in text:
        return f'{name} = """\n{text}\n"""'
    return f'{name} = "{text}"' if quoted else f"{name} = {text}"


def _middle_out(lines: Sequence[str], most: int) -> list[str]:
    if len(lines) <= most:
        return list(lines)
    head, tail = most - most // 2, most // 2
    left = len(lines) - most
    return [*lines[:head], f"… ({left} calls are not shown)", *lines[len(lines) - tail :]]
