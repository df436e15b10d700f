"""Which call of one run is which call of another: runs may branch, loop and finish differently."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from tracegraph.graph.node import MessageNode, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracegraph.graph.recording import Recording

Parents = tuple[str, ...]  # the functions whose results a call took


def align(
    runs: Sequence[Recording], output: Callable[[Recording], Node[Any]] | None = None
) -> list[dict[str, MessageNode[Any]]]:
    """Return the calls of each run by a key that means the same call in every run.

    The calls that the output depends on are listed inputs first, arguments in their order, so the
    order in which concurrent calls finished does not matter. Calls of one function are then
    aligned between runs: those with the same functions before them first, as far as their order
    allows, then the others one by one. A key is the function's name, with a number where the
    function is called in several places.

    Args:
        runs: recordings of one program.
        output: what the score of a run is about; by default the call that finished last.
    """
    listed = [causes(run.nodes[-1:] if output is None else [output(run)]) for run in runs]
    places: dict[str, list[_Place]] = {}
    known: dict[tuple[str, tuple[Parents, ...]], list[_Place]] = {}
    found: list[list[tuple[_Place, MessageNode[Any]]]] = []
    for calls in listed:
        groups: dict[str, list[MessageNode[Any]]] = {}
        for node in calls:
            groups.setdefault(node.operation.name, []).append(node)
        pairs: list[tuple[_Place, MessageNode[Any]]] = []
        for name, group in groups.items():
            parents = tuple(_parents(node) for node in group)
            mine = known.get((name, parents))
            if mine is None:
                mine = known[name, parents] = _place(parents, places.setdefault(name, []))
            pairs.extend(zip(mine, group, strict=True))
        found.append(pairs)
    for name, several in places.items():
        for i, place in enumerate(several):
            place.key = name if len(several) == 1 else f"{name}#{i}"
    return [{place.key: node for place, node in pairs} for pairs in found]


def causes(outputs: Sequence[Node[Any]]) -> list[MessageNode[Any]]:
    """Return the calls that the outputs depend on, inputs first, in the order of the arguments."""
    done: list[MessageNode[Any]] = []
    seen: set[int] = set()
    stack: list[tuple[Node[Any], bool]] = [(node, False) for node in reversed(outputs)]
    while stack:
        node, finished = stack.pop()
        if finished:
            assert isinstance(node, MessageNode)
            done.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, MessageNode) and node._is_call():
                stack.append((node, True))
                stack.extend((parent, False) for parent in reversed(node._flow()))
    return done


class _Place:
    """A place in the program where a function is called."""

    __slots__ = ("key", "parents")

    def __init__(self, parents: Parents) -> None:
        self.parents = parents
        self.key = ""


def _parents(node: MessageNode[Any]) -> Parents:
    calls = [parent for parent in node._flow() if isinstance(parent, MessageNode)]
    return tuple(parent.operation.name for parent in calls)


def _place(calls: Sequence[Parents], places: list[_Place]) -> list[_Place]:
    """Find the places of a function's calls; new ones are put into ``places`` in their order."""
    old = list(places)
    matcher = SequenceMatcher(None, [place.parents for place in old], calls, autojunk=False)
    found: list[_Place] = []
    position = 0
    for a, b, size in matcher.get_matching_blocks():
        # Between two matches, what is left on both sides is paired in order.
        free = old[position:a]
        for parents in calls[len(found) : b]:
            place = free.pop(0) if free else _Place(parents)
            if all(place is not other for other in old):
                before = places.index(old[a]) if a < len(old) else len(places)
                places.insert(before, place)
            found.append(place)
        found.extend(old[a : a + size])
        position = a + size
    return found
