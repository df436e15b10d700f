"""One example through the workflow with the values of one candidate: what came out, how good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.graph.errors import ExecutionError, GraphError, LearnedCodeError
from tracegraph.graph.node import Node
from tracegraph.graph.recording import Flow, Recording, record
from tracegraph.models.errors import BudgetExceeded, RequestError, SchemaError
from tracegraph.models.scope import surround
from tracegraph.optimizers.problem import as_text
from tracegraph.training.errors import TrainingError

if TYPE_CHECKING:
    from tracegraph.graph.subgraph import Subgraph
    from tracegraph.training.data import Example
    from tracegraph.training.guide import Guide, Judgement
    from tracegraph.training.workflow import Workflow

Outcome = Literal["success", "failure", "format_error", "env_error", "eval_error"]

# What a server answers when the request itself is at fault: a prompt that grew too long, say.
_BAD_REQUEST = frozenset({400, 413, 422})
# What would be the same for every example.
_FOR_ALL = (BudgetExceeded, MissingExtraError)
_NO_KEY = 401


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one candidate did on one example.

    Attributes:
        example: the example's name.
        outcome: "success" when it ran to its end and was judged, whatever the score; "failure"
            when it raised, "format_error" when a model's answer had the wrong form (both score
            0); "env_error" and "eval_error" when the model server or the guide failed: no score.
        score: from 0 to 1, higher is better.
        parts: the parts of a vector score, by name.
        feedback: what the guide said, or the error.
        output: what came out, as text.
        graph: the record as a JSON document, with the feedback on its output.
        seconds: wall-clock time.
    """

    example: str
    outcome: Outcome
    score: float | None
    feedback: str = ""
    output: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    graph: dict[str, Any] | None = None
    seconds: float = 0.0

    @property
    def failed_to_run(self) -> bool:
        """Whether nothing was learned about the candidate."""
        return self.outcome in ("env_error", "eval_error")


async def evaluate(
    workflow: Workflow,
    values: Mapping[str, Any],
    example: Example,
    guide: Guide,
    *,
    flow: Flow = "native",
    timeout: float | None = None,
) -> Evaluated:
    """Run one example and judge the output.

    Args:
        workflow: what to run.
        values: the candidate's value of each parameter.
        example: its input and what is expected.
        guide: who judges.
        flow: how the workflow is written; see `tracegraph.record`.
        timeout: seconds after which the example has failed.

    Raises:
        BudgetExceeded: the budget ended before the example did.
        MissingExtraError: what the workflow needs is not installed.
        RequestError: a model wants a key that is not there or is wrong.
        WorkflowError: the example does not fit the workflow.
    """
    arguments = workflow.arguments(example.inputs)
    started = time.monotonic()
    failures: list[BaseException] = []
    error: Exception | None = None
    output: Any = None
    run = record(flow, name=example.id, values=workflow.overrides(values))
    with surround(failures=failures):
        async with run:
            try:
                async with asyncio.timeout(timeout):
                    output = await _call(workflow, arguments)
            except TimeoutError as late:
                text = f"the example took longer than {timeout:g} s" if timeout else str(late)
                error = TimeoutError(text)
            except Exception as raised:
                error = raised
    seconds = time.monotonic() - started
    for failure in [*failures, error]:
        unkeyed = isinstance(failure, RequestError) and failure.status == _NO_KEY
        if failure is not None and (unkeyed or isinstance(failure, _FOR_ALL)):
            raise failure
    if trouble := _trouble(error, failures):
        return Evaluated(example.id, "env_error", None, trouble, seconds=seconds)
    if error is not None:
        return _failed(run, example, error, seconds)
    try:
        with surround(failures=failures):
            judgement = await guide.judge(example, _plain(output))
    except BudgetExceeded:
        raise
    except Exception as raised:
        text = f"{type(raised).__name__}: {raised}"
        return Evaluated(example.id, "eval_error", None, text, as_text(_plain(output)))
    return _judged(run, example, output, judgement, seconds)


async def _call(workflow: Workflow, arguments: dict[str, Any]) -> Any:
    if workflow.is_async:
        return await workflow.call(**arguments)
    return await asyncio.to_thread(workflow.call, **arguments)


def _trouble(error: Exception | None, failures: list[BaseException]) -> str:
    """Say what failed around the workflow, if anything did: it is not the candidate's fault."""
    ours = isinstance(error, TracegraphError) and not isinstance(error, _OF_THE_CANDIDATE)
    for failure in [*failures, error] if ours else failures:
        if isinstance(failure, RequestError) and failure.status in _BAD_REQUEST:
            continue
        if not isinstance(failure, asyncio.CancelledError):
            return f"{type(failure).__name__}: {failure}"
    return ""


_OF_THE_CANDIDATE = (ExecutionError, LearnedCodeError, SchemaError)


def _failed(run: Recording, example: Example, error: Exception, seconds: float) -> Evaluated:
    raised = run.failed[-1:]
    text = raised[0].create_feedback("full") if raised else f"{type(error).__name__}: {error}"
    form = isinstance(error, SchemaError)
    graph = _graph(run, raised or run.outputs, text, 0.0)
    return Evaluated(
        example.id,
        "format_error" if form else "failure",
        0.0,
        text,
        f"raised {type(error).__name__}",
        graph=graph,
        seconds=seconds,
    )


def _judged(
    run: Recording, example: Example, output: Any, judgement: Judgement, seconds: float
) -> Evaluated:
    number = judgement.number
    if not 0 <= number <= 1:
        raise TrainingError(
            f"the guide gave example {example.id} the score {number}; scores are from 0 to 1: "
            "divide by the largest possible one"
        )
    parts = dict(judgement.score) if isinstance(judgement.score, Mapping) else {}
    graph = _graph(run, _outputs(run, output), judgement.feedback, parts or number)
    return Evaluated(
        example.id,
        "success",
        number,
        judgement.feedback,
        as_text(_plain(output)),
        parts,
        graph,
        seconds,
    )


def _outputs(run: Recording, output: Any) -> list[Any]:
    try:
        return [run.node_of(output)]
    except GraphError:
        return list(run.outputs)  # made in plain code from these


def _graph(run: Recording, outputs: list[Any], text: str, score: Any) -> dict[str, Any] | None:
    if not outputs:
        return None
    graph: Subgraph = run.judged(outputs, text, score)
    return graph.to_json() if graph.calls else run.graph().to_json()


def _plain(output: Any) -> Any:
    return output.data if isinstance(output, Node) else output
