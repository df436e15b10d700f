"""The OpenAI Agents SDK: agents that exist already, recorded and improved as they are.

``agent = trace_agent(agent)`` is the whole change; ``Runner.run(agent, …)`` works as before. What
the SDK's hooks tell becomes calls: the model's answers, tools, handoffs and guardrails.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any
from weakref import WeakKeyDictionary

from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.graph.node import MessageNode
from tracegraph.graph.parameter import ParameterNode
from tracegraph.graph.recording import Recording
from tracegraph.integrations.calls import ForeignCall, operation, recording_frame

__all__ = ["trace_agent", "parameters", "AgentError"]

_MODULE = "agents"


class AgentError(TracegraphError):
    """An agent cannot be traced as was asked."""


def sdk() -> Any:
    """Return the SDK's module, which is called ``agents``.

    In tracegraph's own source folder another folder has this name and would be found first; it
    is passed over.

    Raises:
        MissingExtraError: the SDK is not installed.
        AgentError: another module called ``agents`` is loaded already.
    """
    loaded = sys.modules.get(_MODULE)
    if loaded is not None:
        if not hasattr(loaded, "Runner"):
            where = getattr(loaded, "__file__", None)
            raise AgentError(
                f"the module 'agents' is {where}, which is not the OpenAI Agents SDK: run in "
                "another folder, or import tracegraph.integrations.openai_agents first"
            )
        return loaded
    from tracegraph import agents as ours

    hidden = set(ours.__path__)
    for folder in sys.path:
        spec = PathFinder.find_spec(_MODULE, [folder])
        if spec is None or spec.loader is None or hidden & set(_resolved(spec)):
            continue
        module = importlib.util.module_from_spec(spec)
        sys.modules[_MODULE] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[_MODULE]
            raise
        if hasattr(module, "Runner"):
            return module
        del sys.modules[_MODULE]
    raise MissingExtraError("openai-agents", "openai-agents")


def _resolved(spec: Any) -> list[str]:
    from pathlib import Path

    return [str(Path(place).resolve()) for place in spec.submodule_search_locations or ()]


def trace_agent(agent: Any) -> Any:
    """Return a copy of an agent, and of those it hands over to, that is recorded in ``record()``.

    Instructions that are a text become a parameter called ``<agent>_instructions``; instructions
    that are a function stay one, and may read parameters. Tools and guardrails run as they are,
    each as a call.

    Args:
        agent: an ``agents.Agent``.

    Returns:
        An agent of the same class; `parameters` gives its parameters.

    Raises:
        AgentError: it is no agent, or two agents have one name.
    """
    module = sdk()
    if not isinstance(agent, module.Agent):
        raise AgentError(f"trace_agent got a {type(agent).__name__}: pass an agents.Agent")
    return _Tracing(module).agent(agent)


def parameters(agent: Any) -> list[ParameterNode[Any]]:
    """Return the parameters of a traced agent and of those that it hands over to.

    Raises:
        AgentError: the agent is not traced.
    """
    tracing = getattr(agent.instructions, "tracing", None) or getattr(agent.hooks, "tracing", None)
    if tracing is None:
        raise AgentError(f"{agent.name} is not traced: trace_agent(agent) first")
    return list(tracing.parameters.values())


class _Instructions:
    """Instructions that are read from a parameter, as the SDK asks for them."""

    def __init__(self, parameter: ParameterNode[str], tracing: _Tracing) -> None:
        self.parameter = parameter
        self.tracing = tracing

    def __call__(self, context: Any, agent: Any) -> str:
        return self.parameter.data


class _Tracing:
    """What traced agents that hand over to each other have in common."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.parameters: dict[str, ParameterNode[Any]] = {}
        self.produced: WeakKeyDictionary[Recording, dict[str, MessageNode[Any]]] = (
            WeakKeyDictionary()
        )
        self._made: dict[int, tuple[Any, Any]] = {}

    def agent(self, agent: Any) -> Any:
        """Return the traced copy of an agent; each has one."""
        if id(agent) in self._made:
            return self._made[id(agent)][1]
        made = agent.clone()
        self._made[id(agent)] = (agent, made)
        if isinstance(agent.instructions, str):
            name = f"{agent.name}_instructions".replace(" ", "_")
            if name in self.parameters:
                raise AgentError(f"two agents are called {agent.name!r}: give each its own name")
            about = f"The instructions of the agent {agent.name!r}."
            parameter = ParameterNode(agent.instructions, name=name, description=about)
            self.parameters[name] = parameter
            made.instructions = _Instructions(parameter, self)
        made.hooks = _hooks(self, agent.hooks)
        made.tools = [self._tool(tool) for tool in agent.tools]
        made.handoffs = [self._handoff(handoff) for handoff in agent.handoffs]
        made.input_guardrails = [self._guardrail(g) for g in agent.input_guardrails]
        made.output_guardrails = [self._guardrail(g) for g in agent.output_guardrails]
        return made

    def known(self, recording: Recording) -> dict[str, MessageNode[Any]]:
        """Return what was produced so far in a recording, by what the SDK calls it."""
        return self.produced.setdefault(recording, {})

    def _handoff(self, handoff: Any) -> Any:
        return self.agent(handoff) if isinstance(handoff, self.module.Agent) else handoff

    def _tool(self, tool: Any) -> Any:
        run = getattr(tool, "on_invoke_tool", None)
        if run is None:
            return tool
        made = copy.copy(tool)
        about = getattr(tool, "description", "") or "A tool that a model calls."

        async def invoke(context: Any, arguments: str) -> Any:
            frame = recording_frame()
            if frame is None or frame.recording is None:
                return await run(context, arguments)
            known = self.known(frame.recording)
            recorded = operation(tool.name, about, lambda **given: run(context, json.dumps(given)))
            call = ForeignCall(recorded, frame, _named(arguments))
            call_id = getattr(context, "tool_call_id", "")
            if (asked := known.get(f"call {call_id}")) is not None:
                call.depends_on("called_by", asked)
            value = await _run(call, lambda: run(context, arguments))
            if call.made is not None:
                known[f"output {call_id}"] = call.made
            return value

        made.on_invoke_tool = invoke
        return made

    def _guardrail(self, guardrail: Any) -> Any:
        made = copy.copy(guardrail)
        check = guardrail.guardrail_function
        name = guardrail.get_name()
        about = inspect.getdoc(check) or "Check what goes into or comes out of an agent."

        async def guard(context: Any, agent: Any, value: Any) -> Any:
            async def run() -> Any:
                found = check(context, agent, value)
                return await found if inspect.isawaitable(found) else found

            frame = recording_frame()
            if frame is None:
                return await run()
            recorded = operation(name, about, lambda **given: check(context, agent, **given))
            return await _run(ForeignCall(recorded, frame, {"value": value}), run)

        made.guardrail_function = guard
        made.name = name
        return made


async def _run(call: ForeignCall, run: Callable[[], Any]) -> Any:
    try:
        with call:
            value = await run()
    except Exception as error:
        raise call.fail(error) from error.__cause__
    return call.finish(value)


def _named(arguments: str) -> dict[str, Any]:
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        found = arguments
    return found if isinstance(found, dict) else {"arguments": found}


def _hooks(tracing: _Tracing, own: Any) -> Any:
    """Return hooks that record the model's answers and handoffs, and tell the agent's own."""

    class Hooks(tracing.module.AgentHooks):  # type: ignore[misc,name-defined]
        """Records an agent."""

        async def on_llm_start(
            self, context: Any, agent: Any, system_prompt: Any, input_items: Any
        ) -> None:
            if own is not None:
                await own.on_llm_start(context, agent, system_prompt, input_items)
            frame = recording_frame()
            if frame is not None and frame.recording is not None:
                asked[id(context), agent.name] = (system_prompt, list(input_items), frame)

        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            question = asked.pop((id(context), agent.name), None)
            if question is not None:
                _answered(tracing, agent, *question, response)
            if own is not None:
                await own.on_llm_end(context, agent, response)

        async def on_handoff(self, context: Any, agent: Any, source: Any) -> None:
            frame = recording_frame()
            if frame is not None and frame.recording is not None:
                known = tracing.known(frame.recording)
                recorded = operation("handoff", "Hand over to another agent.", lambda to: to)
                call = ForeignCall(recorded, frame, {"to": agent.name})
                if (by := known.get(f"agent {source.name}")) is not None:
                    call.depends_on("called_by", by)
                call.finish(agent.name)
                if call.made is not None:
                    known[f"handoff {agent.name}"] = call.made
            if own is not None:
                await own.on_handoff(context, agent, source)

        async def on_start(self, context: Any, agent: Any) -> None:
            if own is not None:
                await own.on_start(context, agent)

        async def on_end(self, context: Any, agent: Any, output: Any) -> None:
            frame = recording_frame()
            if frame is not None and frame.recording is not None:
                made = tracing.known(frame.recording).get(f"agent {agent.name}")
                if made is not None and output is not None:
                    frame.recording.known.learn(output, made)
            if own is not None:
                await own.on_end(context, agent, output)

        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            if own is not None:
                await own.on_tool_start(context, agent, tool)

        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            if own is not None:
                await own.on_tool_end(context, agent, tool, result)

    asked: dict[tuple[int, str], tuple[Any, list[Any], Any]] = {}
    made = Hooks()
    made.tracing = tracing
    return made


def _answered(
    tracing: _Tracing, agent: Any, instructions: Any, items: list[Any], frame: Any, response: Any
) -> None:
    """Record a model's answer: from the instructions, and from what went before."""
    known = tracing.known(frame.recording)
    given = agent.instructions
    arguments = {
        "instructions": given.parameter if isinstance(given, _Instructions) else instructions,
        "input": [_origin(item, known) for item in items],
    }

    def again(**_: Any) -> Any:
        raise AgentError("a model's answer is not asked for again by a replay")

    recorded = operation(agent.name.replace(" ", "_"), f"The model of {agent.name!r}.", again)
    call = ForeignCall(recorded, frame, arguments)
    if (handed := known.get(f"handoff {agent.name}")) is not None:
        call.depends_on("chosen_by", handed)
    texts = [
        part.text
        for item in response.output
        for part in getattr(item, "content", None) or ()
        if getattr(part, "text", None)
    ]
    calls = [
        {"name": item.name, "arguments": item.arguments, "call_id": item.call_id}
        for item in response.output
        if getattr(item, "type", "") == "function_call"
    ]
    call.finish({"text": "\n".join(texts), "tool_calls": calls} if calls else "\n".join(texts))
    made = call.made
    if made is None:
        return
    known[f"agent {agent.name}"] = made
    for each in calls:
        known[f"call {each['call_id']}"] = made
    for text in texts:
        frame.recording.known.learn(text, made)
        known[f"text {text}"] = made


def _origin(item: Any, known: dict[str, MessageNode[Any]]) -> Any:
    """Return the node that an item of a conversation came from, or the item."""
    if not isinstance(item, dict):
        return item
    kind, call_id = item.get("type"), item.get("call_id")
    if kind == "function_call_output":
        return known.get(f"output {call_id}", item)
    if kind == "function_call":
        return known.get(f"call {call_id}", item)
    content = item.get("content")
    if item.get("role") == "assistant" and isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and f"text {part.get('text')}" in known:
                return known[f"text {part.get('text')}"]
    return item


sdk()  # so that `from agents import …` finds it from here on
