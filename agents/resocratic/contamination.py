"""The contamination gate: is a text, or most of it, in a benchmark?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tracegraph.agents.resocratic.benchmarks import BenchmarkItem
from tracegraph.agents.resocratic.overlap import SIZE, GramIndex, TfIdf, grams, words
from tracegraph.models import LLM

# From half of its 8-grams on a text is a copy (of the published seeds this finds the 13 that are);
# texts that all speak of maximizing under limits are alike to an embedding, so only near copies
# count there.
MOST_GRAMS = 0.5
MOST_COSINE = 0.9
# Which benchmark items are embedded for a text: so many at most, of those with so alike words.
_SHORTLIST, _ALIKE = 3, 0.25


@dataclass(frozen=True, slots=True)
class Overlap:
    """What of the benchmarks is nearest to a text.

    Attributes:
        grams: the share of word 8-grams, of the shorter of the two texts.
        cosine: of the embeddings; None where none were asked for.
        source, item: where the nearest text is; "" where nothing is shared.
        clean: whether both measures are below their limits.
        why: which is not, in words.
        shared: the longest run of words that both have, where it is not clean.
    """

    grams: float = 0.0
    cosine: float | None = None
    source: str = ""
    item: str = ""
    clean: bool = True
    why: str = ""
    shared: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


class Gate:
    """Compares texts with benchmarks.

    Args:
        items: the problems of the benchmarks.
        llm: what embeds; None compares words only.
        most_grams: the share of 8-grams from which on a text is rejected.
        most_cosine: the same for the cosine of embeddings.
    """

    def __init__(
        self,
        items: Sequence[BenchmarkItem],
        llm: LLM | None = None,
        *,
        most_grams: float = MOST_GRAMS,
        most_cosine: float = MOST_COSINE,
    ) -> None:
        self.items = list(items)
        self._llm = llm
        self.most_grams, self.most_cosine = most_grams, most_cosine
        self._index = GramIndex(item.text for item in self.items)
        self._words: TfIdf | None = None
        self._vectors: dict[str, list[float]] = {}

    @property
    def embeds(self) -> bool:
        """Whether embeddings are compared besides words."""
        return self._llm is not None

    async def check(self, text: str) -> Overlap:
        """Return the overlap of a text with the benchmarks."""
        return (await self.check_all([text]))[0]

    async def check_all(self, texts: Sequence[str]) -> list[Overlap]:
        """Return the overlap of each text with the benchmarks."""
        if not self.items:
            return [Overlap() for _ in texts]
        near = await self._nearest(texts)
        return [self._overlap(text, cosine) for text, cosine in zip(texts, near, strict=True)]

    def _overlap(self, text: str, near: tuple[int, float] | None) -> Overlap:
        hit = self._index.nearest(text)
        share = hit.share if hit else 0.0
        cosine = near[1] if near else None
        copied = share >= self.most_grams
        alike = cosine is not None and cosine >= self.most_cosine
        index = hit.index if hit and (copied or not near) else (near[0] if near else None)
        if index is None:
            return Overlap()
        item = self.items[index]
        why = []
        if copied:
            why.append(f"{share:.0%} of the 8-grams are those of {item.source} #{item.item}")
        if alike:
            other = self.items[near[0]] if near else item
            why.append(f"its embedding is that of {other.source} #{other.item} ({cosine:.3f})")
        return Overlap(
            round(share, 4), None if cosine is None else round(cosine, 4), item.source, item.item,
            not why, "; ".join(why), _common(text, item.text) if why else "",
        )  # fmt: skip

    async def _nearest(self, texts: Sequence[str]) -> list[tuple[int, float] | None]:
        """Return the nearest item and its cosine for each text.

        Only items whose words are alike (TF-IDF) are embedded: all of a benchmark would take
        minutes on a processor, and a paraphrase keeps words. None where no item is.
        """
        if self._llm is None:
            return [None] * len(texts)
        if self._words is None:
            self._words = TfIdf([item.text for item in self.items])
        short = []
        for text in texts:
            alike = self._words.similarity(text)
            near = sorted(range(len(alike)), key=alike.__getitem__)[-_SHORTLIST:]
            short.append([index for index in near if alike[index] >= _ALIKE])
        wanted = {self.items[index].text for each in short for index in each}
        wanted |= {text for text, near in zip(texts, short, strict=True) if near}
        await self._embed(sorted(wanted - self._vectors.keys()))
        found: list[tuple[int, float] | None] = []
        for text, indices in zip(texts, short, strict=True):
            if not indices:
                found.append(None)
                continue
            asked = self._vectors[text]
            cosines = {
                i: sum(a * b for a, b in zip(asked, self._vectors[self.items[i].text], strict=True))
                for i in indices
            }
            best = max(cosines, key=cosines.__getitem__)
            found.append((best, cosines[best]))
        return found

    async def _embed(self, texts: list[str]) -> None:
        assert self._llm is not None
        vectors = await self._llm.embed(texts) if texts else []
        self._vectors |= dict(zip(texts, vectors, strict=True))


def _common(text: str, other: str) -> str:
    """Return the longest run of words that two texts share."""
    theirs = grams(other)
    run: list[str] = []
    best: list[str] = []
    said = words(text)
    for start in range(len(said) - SIZE + 1):
        if tuple(said[start : start + SIZE]) in theirs:
            run = [*run, said[start + SIZE - 1]] if run else said[start : start + SIZE]
            best = max(best, run, key=len)
        else:
            run = []
    return " ".join(best)
