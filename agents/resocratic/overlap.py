"""How much two texts share: word n-grams, and the cosine of TF-IDF."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SIZE = 8  # words of a gram, as is usual for contamination

Gram = tuple[str, ...]

# Words that tell nothing about what a problem is about.
_STOP_WORDS = (
    "a an and are as at be been by can could each either every for from has have how if in into is "
    "it its least may more most much must no not of on one only or should so than that the their "
    "them then there these they this to total up was what when which who will with would"
)
_STOP = frozenset(_STOP_WORDS.split(" "))


def words(text: str) -> list[str]:
    """Return the words and numbers of a text, in lower case."""
    return re.findall(r"[a-z0-9]+", text.lower())


def grams(text: str, size: int = SIZE) -> frozenset[Gram]:
    """Return the runs of ``size`` words; a shorter text is one run."""
    said = words(text)
    if len(said) <= size:
        return frozenset([tuple(said)] if said else [])
    return frozenset(tuple(said[i : i + size]) for i in range(len(said) - size + 1))


@dataclass(frozen=True, slots=True)
class Hit:
    """The most alike of other texts: its place, and how much of the text asked about it holds."""

    index: int
    share: float


class GramIndex:
    """Finds the text that contains most of another text's grams."""

    def __init__(self, texts: Iterable[str] = (), size: int = SIZE) -> None:
        self._size = size
        self._counts: list[int] = []
        self._where: dict[Gram, list[int]] = {}
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Add a text."""
        found = grams(text, self._size)
        for gram in found:
            self._where.setdefault(gram, []).append(len(self._counts))
        self._counts.append(len(found))

    def nearest(self, text: str) -> Hit | None:
        """Return the text with the largest containment, either way; None if none shares a gram."""
        asked = grams(text, self._size)
        common = Counter(index for gram in asked for index in self._where.get(gram, ()))
        if not common:
            return None
        # Containment of the smaller in the larger: a long story around a copied problem, and a
        # short excerpt of a long one, are copies alike.
        shares = {i: n / min(len(asked), self._counts[i]) for i, n in common.items()}
        best = max(shares, key=lambda i: (shares[i], -i))
        return Hit(best, shares[best])


class TfIdf:
    """Cosine similarity of texts by TF-IDF over words, numbers and stop words left out.

    Numbers count nothing: the same story with other numbers is the same story.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(_content(text)) for text in texts]
        seen = Counter(word for each in counts for word in each)
        self._idf = {word: math.log((1 + len(texts)) / (1 + n)) + 1 for word, n in seen.items()}
        self._unseen = math.log(1 + len(texts)) + 1
        self._vectors = [self._vector(each) for each in counts]

    def similarity(self, text: str) -> list[float]:
        """Return the cosine of a text with each of the texts."""
        asked = self._vector(Counter(_content(text)))
        return [
            sum(weight * other.get(word, 0.0) for word, weight in asked.items())
            for other in self._vectors
        ]

    def _vector(self, counts: Counter[str]) -> dict[str, float]:
        weights = {
            word: (1 + math.log(n)) * self._idf.get(word, self._unseen)
            for word, n in counts.items()
        }
        length = math.sqrt(sum(value * value for value in weights.values())) or 1.0
        return {word: value / length for word, value in weights.items()}


def _content(text: str) -> list[str]:
    return [word for word in words(text) if word not in _STOP and not word.isdigit()]
