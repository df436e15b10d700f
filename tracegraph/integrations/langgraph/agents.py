"""Our agents as nodes of a graph."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.agents.episode import Episode
    from tracegraph.agents.protocol import Agent


def as_node(
    agent: Agent[Any],
    task: Callable[[Any], Any],
    update: Callable[[Episode], Mapping[str, Any]] | str = "answer",
    *,
    seed: int = 0,
) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    """Return an agent as a function for ``StateGraph.add_node``; the graph runs asynchronously.

    Args:
        agent: one of tracegraph's agents, or whatever has its ``run``.
        task: makes the agent's task from the state of the graph.
        update: makes the update of the state from the episode, or names the channel that gets
            the episode's answer.
        seed: of the agent's sampling.
    """

    async def work(state: Any) -> dict[str, Any]:
        episode = await agent.run(task(state), seed=seed)
        return {update: episode.answer} if isinstance(update, str) else dict(update(episode))

    work.__name__ = agent.name
    work.__doc__ = f"The agent {agent.name!r} works on a task."
    return work
