"""pydantic-ai: agents that exist already, recorded and improved as they are.

``agent = trace_agent(agent)`` is the whole change. Its hooks tell of each request to a model and
each run of a tool, and put the present values of the prompts into the requests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from tracegraph.errors import TracegraphError
from tracegraph.graph.module import ParameterContainer
from tracegraph.graph.node import MessageNode
from tracegraph.graph.parameter import ParameterNode
from tracegraph.graph.recording import Recording
from tracegraph.integrations.calls import ForeignCall, needed, operation, recording_frame

needed("pydantic_ai", "pydantic-ai")

from pydantic_ai.agent import WrapperAgent  # noqa: E402
from pydantic_ai.capabilities import Hooks  # noqa: E402

__all__ = ["trace_agent", "TracedAgent", "AgentError"]


class AgentError(TracegraphError):
    """An agent cannot be traced as was asked."""


def trace_agent(agent: Any, *, name: str | None = None) -> TracedAgent:
    """Return an agent that does what ``agent`` does and is recorded inside ``record()``.

    Its system prompts and instructions that are texts become parameters, called
    ``<name>_system_prompt`` and ``<name>_instructions`` (and a number from the second on).

    Args:
        agent: a ``pydantic_ai.Agent``.
        name: of the agent in records; by default its own.

    Raises:
        AgentError: it is no agent.
    """
    if not hasattr(agent, "_system_prompts"):
        raise AgentError(f"trace_agent got a {type(agent).__name__}: pass a pydantic_ai.Agent")
    return TracedAgent(agent, name or agent.name or "agent")


class TracedAgent(ParameterContainer, WrapperAgent[Any, Any]):  # type: ignore[misc]
    """An agent whose requests and tools are recorded, and whose prompts are parameters."""

    def __init__(self, agent: Any, called: str) -> None:
        WrapperAgent.__init__(self, agent)
        self._called = called.replace(" ", "_")
        self._prompts: dict[str, ParameterNode[str]] = {}
        instructions = [getattr(i, "instruction", i) for i in agent._instructions]
        for kind, texts in (
            ("system_prompt", agent._system_prompts),
            ("instructions", [text for text in instructions if isinstance(text, str)]),
        ):
            for number, text in enumerate(texts):
                known = f"{self._called}_{kind}{number or ''}"
                about = f"A text of the {kind.replace('_', ' ')} of {called}."
                self._prompts[text] = ParameterNode(text, name=known, description=about)
        self._asked: WeakKeyDictionary[Recording, dict[str, MessageNode[Any]]] = WeakKeyDictionary()
        self._hooks = Hooks(model_request=self._request, tool_execute=self._tool)

    def _members(self) -> Any:
        return ((p.name, p) for p in self._prompts.values())

    @asynccontextmanager
    async def iter(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        """Run the agent step by step, as the wrapped agent does."""
        given: Sequence[Any] | None = options.pop("capabilities", None)
        options["capabilities"] = [*(given or ()), self._hooks]
        async with super().iter(*args, **options) as run:
            yield run

    async def _request(self, ctx: Any, *, request_context: Any, handler: Any) -> Any:
        """Put the prompts into a request, send it, and record the answer."""
        frame = recording_frame()
        changed = _with_prompts(request_context, self._prompts)
        if frame is None or frame.recording is None:
            return await handler(changed)
        known = self._asked.setdefault(frame.recording, {})

        def again(**_: Any) -> Any:
            raise AgentError("a model's answer is not asked for again by a replay")

        used = {p.name.removeprefix(f"{self._called}_"): p for p in self._prompts.values()}
        messages = [_origin(p, known) for m in changed.messages for p in m.parts if not _fixed(p)]
        recorded = operation(self._called, f"The model of {self._called!r}.", again)
        call = ForeignCall(recorded, frame, {**used, "messages": messages})
        try:
            with call:
                response = await handler(changed)
        except Exception as error:
            raise call.fail(error) from error.__cause__
        texts = [p.content for p in response.parts if p.part_kind == "text"]
        calls = [p for p in response.parts if p.part_kind == "tool-call"]
        text = "\n".join(texts)
        asked = [{"name": c.tool_name, "arguments": c.args} for c in calls]
        call.finish({"text": text, "tool_calls": asked} if asked else text)
        if (made := call.made) is not None:
            for each in texts:
                frame.recording.known.learn(each, made)
                known[f"text {each}"] = made
            for each in calls:
                known[f"call {each.tool_call_id}"] = made
        return response

    async def _tool(
        self, ctx: Any, *, call: Any, tool_def: Any, args: dict[str, Any], handler: Any
    ) -> Any:
        """Run a tool and record it."""
        frame = recording_frame()
        if frame is None or frame.recording is None:
            return await handler(args)
        known = self._asked.setdefault(frame.recording, {})

        async def again(**given: Any) -> Any:
            return await handler(given)

        about = tool_def.description or "A tool that a model calls."
        made_call = ForeignCall(operation(call.tool_name, about, again), frame, args)
        if (asked := known.get(f"call {call.tool_call_id}")) is not None:
            made_call.depends_on("called_by", asked)
        try:
            with made_call:
                value = await handler(args)
        except Exception as error:
            raise made_call.fail(error) from error.__cause__
        value = made_call.finish(value)
        if made_call.made is not None:
            known[f"output {call.tool_call_id}"] = made_call.made
        return value


def _with_prompts(request: Any, prompts: dict[str, ParameterNode[str]]) -> Any:
    """Return a request with the present values of the prompts in place of their texts."""
    values = {text: parameter.data for text, parameter in prompts.items()}
    if all(text == value for text, value in values.items()):
        return request

    def changed(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        for old, new in values.items():
            text = text.replace(old, new)
        return text

    messages = []
    for message in request.messages:
        parts = [
            dataclasses.replace(p, content=values.get(p.content, p.content))
            if p.part_kind == "system-prompt"
            else p
            for p in message.parts
        ]
        instructions = getattr(message, "instructions", None)
        also = {} if instructions is None else {"instructions": changed(instructions)}
        messages.append(dataclasses.replace(message, parts=parts, **also))
    settings = request.model_request_parameters
    if settings.instruction_parts:
        new = [
            dataclasses.replace(p, content=changed(p.content)) for p in settings.instruction_parts
        ]
        settings = dataclasses.replace(settings, instruction_parts=new)
    return dataclasses.replace(request, messages=messages, model_request_parameters=settings)


def _fixed(part: Any) -> bool:
    return bool(part.part_kind == "system-prompt")


def _origin(part: Any, known: dict[str, MessageNode[Any]]) -> Any:
    """Return the node that a part of a conversation came from, or what it says."""
    call_id = getattr(part, "tool_call_id", "")
    if part.part_kind in ("tool-return", "retry-prompt"):
        return known.get(f"output {call_id}", part.content)
    if part.part_kind == "tool-call":
        return known.get(f"call {call_id}", {"name": part.tool_name, "arguments": part.args})
    content = getattr(part, "content", None)
    return known.get(f"text {content}", content) if part.part_kind == "text" else content
