"""A node of tools, recorded: each tool that runs is a call, and the node gathers what they said."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from langgraph.errors import GraphBubbleUp

from tracegraph.graph.node import Node
from tracegraph.integrations.calls import ForeignCall, operation
from tracegraph.integrations.langgraph.nodes import RecordedNode, Task, state_of

if TYPE_CHECKING:
    from collections.abc import Callable


def holds_tools(bound: Any) -> bool:
    """Whether a node runs tools in the way of LangGraph's ToolNode."""
    parts = ("tools_by_name", "_execute_tool_sync", "_execute_tool_async", "_func", "_afunc")
    return all(hasattr(bound, part) for part in parts)


class RecordedTools(RecordedNode):
    """A ToolNode, recorded: a tool's call depends on the message that asked for it."""

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the tools."""
        task = self.shape.task(config)
        if task is None:
            return self._now().invoke(input, config, **kwargs)
        with self._begin(task, input, config) as call:
            tools = _Tools(self, task, call, self._asking(task, input))
            return self._end(task, call, tools.node.invoke(input, config, **kwargs))

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the tools."""
        task = self.shape.task(config)
        if task is None:
            return await self._now().ainvoke(input, config, **kwargs)
        with self._begin(task, input, config) as call:
            tools = _Tools(self, task, call, self._asking(task, input))
            return self._end(task, call, await tools.node.ainvoke(input, config, **kwargs))

    def _asking(self, task: Task, input: Any) -> Node[Any] | None:
        """Return the node of the conversation that the tools are asked in, if it is known."""
        state = state_of(input, self.node.channels)
        if state is None:
            return None
        key = getattr(self.bound, "_messages_key", "messages")
        found = self.shape.sources(task, {key: state[key]})[0][key] if key in state else None
        return found if isinstance(found, Node) else None


class _Tools:
    """The tools of one run of the node."""

    def __init__(
        self, around: RecordedTools, task: Task, call: ForeignCall, asked: Node[Any] | None
    ) -> None:
        self.task = task
        self.call = call
        self.asked = asked
        self.node = copy.copy(around._now())
        # The copy kept methods of the node that it was made from.
        self.node.func, self.node.afunc = self.node._func, self.node._afunc
        self._run, self._arun = self.node._execute_tool_sync, self.node._execute_tool_async
        self.node._execute_tool_sync = self.run
        self.node._execute_tool_async = self.arun

    def run(self, request: Any, *how: Any) -> Any:
        """Run a tool."""
        call = self._begin(request, lambda again: self._run(again, *how))
        try:
            with call:
                value = self._run(request, *how)
        except GraphBubbleUp:
            raise  # it asks a person, say, and runs again when the graph goes on
        except Exception as error:
            call.fail(error)
            self._note(request, call)
            raise
        call.finish(value)
        self._note(request, call)
        return value

    async def arun(self, request: Any, *how: Any) -> Any:
        """Run a tool."""
        call = self._begin(request, lambda again: self._run(again, *how))
        try:
            with call:
                value = await self._arun(request, *how)
        except GraphBubbleUp:
            raise
        except Exception as error:
            call.fail(error)
            self._note(request, call)
            raise
        call.finish(value)
        self._note(request, call)
        return value

    def _begin(self, request: Any, run: Callable[[Any], Any]) -> ForeignCall:
        asked = request.tool_call

        def again(**given: Any) -> Any:
            return run(request.override(tool_call={**asked, "args": given}))

        about = getattr(request.tool, "description", "") or "A tool that a model calls."
        call = ForeignCall(operation(asked["name"], about, again), self.task.frame, asked["args"])
        if (by := self._asker(request)) is not None:
            call.depends_on("called_by", by)
        return call

    def _asker(self, request: Any) -> Node[Any] | None:
        """Return the node of the message that asked for a tool, else of the whole conversation."""
        key = getattr(self.node, "_messages_key", "messages")
        state = request.state
        there = state if isinstance(state, list) else (state_of(state, None) or {}).get(key, ())
        messages: list[Any] = there if isinstance(there, list) else []
        for message in reversed(messages):
            calls = getattr(message, "tool_calls", None) or ()
            if any(each["id"] == request.tool_call["id"] for each in calls):
                known = self.task.recording.known.get(message)
                return self.asked if known is None else known.resolve()
        return self.asked

    def _note(self, request: Any, call: ForeignCall) -> None:
        if call.made is not None:
            self.call.depends_on(f"result_{call.made.name}", call.made)
