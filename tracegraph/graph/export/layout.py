"""Places for the nodes of a drawing: layers from top to bottom, few crossings, straight lines.

Sugiyama's method: longest-path layers, dummy vertices where an edge passes a layer, order by
barycenters, then positions by least squares under the order (isotonic regression). The edges of
one node share their dummies, so a parameter that a thousand calls use is one trunk with branches.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

WIDTH, HEIGHT = 184.0, 50.0
_GAP, _THIN, _ROW = 26.0, 18.0, 104.0
_FOLD = 14  # a layer of more nodes is set in several rows
_DUMMIES = 20_000  # longer graphs draw their longest edges straight
_PORT = 16.0
_SWEEPS = 10  # over the order; each costs as much as all the rest of it
_PATIENCE = 3  # sweeps without fewer crossings, after which the best order is taken
_STEPS = 12  # over the places


class Segment(NamedTuple):
    """A piece of an edge from (x1, y1) to (x2, y2).

    Attributes:
        source: the node it leaves.
        target: the node it ends at; -1 on a trunk, which several edges share, and which goes on
            past the nodes of its layer, one ``HEIGHT`` further down.
        layer: the layer of its lower end.
    """

    source: int
    target: int
    layer: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The centre of each node, its layer, and the pieces of the edges."""

    x: list[float]
    y: list[float]
    layer: list[int]
    segments: list[Segment]


def layered(
    count: int, edges: Iterable[tuple[int, int]], tell: Callable[[float], None] | None = None
) -> Layout:
    """Place ``count`` nodes; each edge goes from a smaller number to a larger one.

    Time: linear in nodes, edges and dummies, but for sorting. ``tell`` gets the share that is
    done, from 0 to 1.
    """
    arcs = sorted(set(edges))
    return _Layered(count, arcs, tell or _nobody).layout()


class _Layered:
    def __init__(
        self, count: int, arcs: Sequence[tuple[int, int]], tell: Callable[[float], None]
    ) -> None:
        self.count = count
        self.tell = tell
        self.targets: list[list[int]] = [[] for _ in range(count)]
        self.sources: list[list[int]] = [[] for _ in range(count)]
        for source, target in arcs:
            self.targets[source].append(target)
            self.sources[target].append(source)
        self.layer = self._layers()
        # Vertices: the nodes, then the dummies; neighbours are one layer away.
        self.up: list[list[int]] = [[] for _ in range(count)]
        self.down: list[list[int]] = [[] for _ in range(count)]
        self.trunks: dict[int, list[int]] = {}
        self._route()
        self.ranks: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]

    def layout(self) -> Layout:
        self._order()
        rows, y = self._rows()
        x = self._positions(rows)
        count = self.count
        return Layout(x[:count], y[:count], self.layer[:count], self._segments(x, y))

    def _layers(self) -> list[int]:
        layer = [0] * self.count
        for node in range(self.count):
            layer[node] = max((layer[p] + 1 for p in self.sources[node]), default=0)
        for node in range(self.count):
            if not self.sources[node] and self.targets[node]:
                # An input stands beside what first uses it.
                layer[node] = min(layer[t] for t in self.targets[node]) - 1
        return layer

    def _route(self) -> None:
        spans = {
            node: max((self.layer[t] for t in self.targets[node]), default=0) - self.layer[node] - 1
            for node in range(self.count)
        }
        left = _DUMMIES
        for node in sorted(spans, key=lambda n: (spans[n], n)):
            if spans[node] > 0 and spans[node] <= left:
                left -= spans[node]
                self.trunks[node] = [self._dummy(self.layer[node] + 1 + i)
                                     for i in range(spans[node])]  # fmt: skip
                for above, below in pairwise([node, *self.trunks[node]]):
                    self._connect(above, below)
            for target in self.targets[node]:
                if (last := self._last(node, target)) is not None:
                    self._connect(last, target)

    def _last(self, node: int, target: int) -> int | None:
        """Return the vertex from which the edge branches off to its target."""
        passed = self.layer[target] - self.layer[node] - 1
        if passed == 0:
            return node
        return self.trunks[node][passed - 1] if node in self.trunks else None

    def _dummy(self, layer: int) -> int:
        self.layer.append(layer)
        self.up.append([])
        self.down.append([])
        return len(self.layer) - 1

    def _connect(self, above: int, below: int) -> None:
        self.down[above].append(below)
        self.up[below].append(above)

    # The order inside layers

    def _order(self) -> None:
        seen = [False] * len(self.layer)
        for start in range(self.count):
            if self.up[start] or seen[start]:
                continue
            waiting = [start]
            while waiting:
                vertex = waiting.pop()
                if seen[vertex]:
                    continue
                seen[vertex] = True
                self.ranks[self.layer[vertex]].append(vertex)
                waiting += reversed(self.down[vertex])
        place = [0.0] * len(self.layer)
        best, fewest, waited = [list(rank) for rank in self.ranks], -1, 0
        for sweep in range(_SWEEPS):
            downwards = sweep % 2 == 0
            self._number(place)
            near = self.up if downwards else self.down
            for rank in self.ranks if downwards else reversed(self.ranks):
                if len(rank) == 1:
                    continue
                wanted = {v: _mean(near[v], place, v) for v in rank}
                rank.sort(key=wanted.__getitem__)
                for i, vertex in enumerate(rank):
                    place[vertex] = (i + 0.5) / len(rank)
            crossings = self._crossings()
            waited += 1
            if fewest < 0 or crossings < fewest:
                best, fewest, waited = [list(rank) for rank in self.ranks], crossings, 0
            if fewest == 0 or waited == _PATIENCE:
                break
            self.tell(0.1 + 0.5 * (sweep + 1) / _SWEEPS)
        self.ranks = best

    def _number(self, place: list[float]) -> None:
        for rank in self.ranks:
            for i, vertex in enumerate(rank):
                place[vertex] = (i + 0.5) / len(rank)

    def _crossings(self) -> int:
        total = 0
        where = [0] * len(self.layer)
        for rank, below in pairwise(self.ranks):
            if len(rank) == 1 or len(below) == 1:
                continue
            for i, vertex in enumerate(below):
                where[vertex] = i
            passed: list[int] = []  # the ends of the edges so far, in order
            for vertex in rank:
                ends = [where[v] for v in self.down[vertex]]
                for end in ends:  # those before that end further right
                    total += len(passed) - bisect_right(passed, end)
                for end in ends:
                    insort(passed, end)
        return total

    # The places

    def _rows(self) -> tuple[list[list[int]], list[float]]:
        y = [0.0] * len(self.layer)
        rows: list[list[int]] = []
        for rank in self.ranks:
            real = [v for v in rank if v < self.count]
            folds = max(1, -(-len(real) // _FOLD))
            row_of = {vertex: i % folds for i, vertex in enumerate(real)}
            for fold in range(folds):
                row = [v for v in rank if row_of.get(v, 0) == fold]
                for vertex in row:
                    y[vertex] = len(rows) * _ROW
                rows.append(row)
        return rows, y

    def _positions(self, rows: list[list[int]]) -> list[float]:
        x = [0.0] * len(self.layer)
        offsets = [self._offsets(row) for row in rows]
        for row, after in zip(rows, offsets, strict=True):
            for vertex, offset in zip(row, after, strict=True):
                x[vertex] = offset - after[-1] / 2
        both = [up + down for up, down in zip(self.up, self.down, strict=True)]
        for step in range(_STEPS):
            near = both if step >= 8 else self.up if step % 2 == 0 else self.down
            numbered = range(len(rows)) if step % 2 == 0 else reversed(range(len(rows)))
            for number in numbered:
                row, after = rows[number], offsets[number]
                if len(row) == 1:
                    x[row[0]] = _median(near[row[0]], x, row[0])
                    continue
                places = [
                    _median(near[v], x, v) - offset for v, offset in zip(row, after, strict=True)
                ]
                if any(left > right for left, right in pairwise(places)):
                    # Long edges want to be straight more than nodes want to be centred.
                    weights = [4.0 if v >= self.count else 1.0 + 0.1 * len(near[v]) for v in row]
                    places = _isotonic(places, weights)
                for v, place, offset in zip(row, places, after, strict=True):
                    x[v] = place + offset
            self.tell(0.6 + 0.35 * (step + 1) / _STEPS)
        return x

    def _offsets(self, row: list[int]) -> list[float]:
        """Return how far the centre of each vertex of a row is at least from the first one's."""
        offsets: list[float] = []
        at = before = 0.0
        thin_before = True
        for vertex in row:
            thin = vertex >= self.count
            half = 0.0 if thin else WIDTH / 2
            if offsets:
                at += before + half + (_THIN if thin or thin_before else _GAP)
            offsets.append(at)
            before, thin_before = half, thin
        return offsets

    # The edges

    def _segments(self, x: list[float], y: list[float]) -> list[Segment]:
        port = self._ports(x)
        half = HEIGHT / 2
        found: list[Segment] = []
        for node in range(self.count):
            passed = [node, *self.trunks.get(node, [])]
            for above, below in pairwise(passed):
                ends = x[above], y[above] + half, x[below], y[below] - half
                found.append(Segment(node, -1, self.layer[below], *ends))
            for target in self.targets[node]:
                last = self._last(node, target)
                above = node if last is None else last
                ends = x[above], y[above] + half, port[node, target], y[target] - half
                found.append(Segment(node, target, self.layer[target], *ends))
        return found

    def _ports(self, x: list[float]) -> dict[tuple[int, int], float]:
        """Spread the ends of the edges over the top of their target."""
        port: dict[tuple[int, int], float] = {}
        for target in range(self.count):
            came = []
            for source in self.sources[target]:
                above = self._last(source, target)
                came.append((x[source if above is None else above], source))
            came.sort()
            step = min(_PORT, (WIDTH - 40) / max(1, len(came)))
            for i, (_, source) in enumerate(came):
                port[source, target] = x[target] + (i - (len(came) - 1) / 2) * step
        return port


def _nobody(_: float) -> None:
    pass


def _mean(near: list[int], place: list[float], vertex: int) -> float:
    """Return the mean place of the neighbours; of one without, its own."""
    if len(near) == 1:
        return place[near[0]]
    return sum([place[n] for n in near]) / len(near) if near else place[vertex]


def _median(near: list[int], place: list[float], vertex: int) -> float:
    """Return the median place of the neighbours; of one without, its own."""
    if len(near) == 1:
        return place[near[0]]
    if not near:
        return place[vertex]
    values = sorted([place[n] for n in near])
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _isotonic(wanted: list[float], weights: list[float]) -> list[float]:
    """Return the ascending values nearest to the wanted ones: pool adjacent violators."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(wanted, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            v2, w2, n2 = blocks.pop()
            v1, w1, n1 = blocks.pop()
            blocks.append(((v1 * w1 + v2 * w2) / (w1 + w2), w1 + w2, n1 + n2))
    return [value for value, _, size in blocks for _ in range(size)]
