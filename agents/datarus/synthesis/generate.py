"""Tables made by a rule that is known, with gaps and noise: data where no real table is at hand."""

from __future__ import annotations

import csv
import math
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from tracegraph.errors import TracegraphError

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Generated:
    """A table and how it was made.

    Attributes:
        name: of its file; tells the kind and the seed.
        rows: all with the same columns; None is a missing value.
        structure: what holds in it, in words, for the data card.
    """

    name: str
    rows: list[Row]
    structure: str

    def write(self, folder: Path) -> Path:
        """Write it as a CSV file into a folder; the same bytes each time; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.name
        partial = path.with_name(f".{path.name}.partial")
        with partial.open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
            out.writeheader()
            out.writerows(self.rows)
        os.replace(partial, path)
        return path


def generate(kind: str, seed: int = 0, rows: int = 300) -> Generated:
    """Return a table of a kind: "sales", "sensors" or "survey".

    Args:
        kind: what it is about.
        seed: equal seeds give equal tables.
        rows: how many, at least 1.

    Raises:
        TracegraphError: there is no such kind, or no row is asked for.
    """
    if kind not in KINDS:
        raise TracegraphError(f"there is no kind of table {kind!r}; use {', '.join(KINDS)}")
    if rows < 1:
        raise TracegraphError(f"a table has 1 or more rows, not {rows}")
    rng = random.Random(f"{kind} {seed}")
    make, gaps, structure = KINDS[kind]
    table = make(rng, rows)
    for row in table:
        for column, share in gaps.items():
            if rng.random() < share:
                row[column] = None
    missing = ", ".join(f"{share:.0%} of {column}" for column, share in gaps.items())
    told = f"{structure} Missing at random: about {missing}."
    return Generated(f"{kind}-{seed}.csv", table, told)


def _sales(rng: random.Random, count: int) -> list[Row]:
    prices = {"lamp": 39.0, "chair": 89.0, "desk": 249.0, "shelf": 129.0}
    regions = {"north": 1.5, "south": 1.0, "west": 0.7}
    rows: list[Row] = []
    for number in range(count):
        day = date(2024, 1, 1) + timedelta(days=rng.randrange(366))
        product, region = rng.choice(list(prices)), rng.choice(list(regions))
        discount = rng.choice([0.0, 0.0, 0.1, 0.2])
        mean = 6 * regions[region] * (1 + 2 * discount) * (1.4 if day.month >= 11 else 1)
        units = max(1, round(rng.gauss(mean, 2)))
        revenue = round(units * prices[product] * (1 - discount), 2)
        rows.append({
            "order": 1000 + number, "date": day.isoformat(), "region": region,
            "product": product, "discount": discount, "units": units, "revenue": revenue,
        })  # fmt: skip
    return rows


def _sensors(rng: random.Random, count: int) -> list[Row]:
    offsets = {"a": 0.0, "b": 0.5, "c": -0.3}
    begin = datetime(2024, 6, 1)
    rows: list[Row] = []
    for number in range(count):
        sensor = list(offsets)[number % len(offsets)]
        time = begin + timedelta(hours=number // len(offsets))
        warm = 18 + 6 * math.sin((time.hour - 9) / 24 * 2 * math.pi)
        temperature = warm + offsets[sensor] + rng.gauss(0, 0.4)
        humidity = 95 - 2 * temperature + rng.gauss(0, 2)
        if rng.random() < 0.01:
            temperature += 25
        rows.append({
            "time": time.isoformat(sep=" "), "sensor": sensor,
            "temperature": round(temperature, 2), "humidity": round(humidity, 1),
            "battery": round(min(100, 100 - 0.05 * number + rng.gauss(0, 0.3)), 1),
        })  # fmt: skip
    return rows


def _survey(rng: random.Random, count: int) -> list[Row]:
    groups = {"school": 0, "college": 1, "university": 2}
    rows: list[Row] = []
    for number in range(count):
        age, education = rng.randint(18, 75), rng.choice(list(groups))
        income = 1500 + 25 * age + 600 * groups[education] + rng.lognormvariate(5.5, 0.8)
        commute = max(0, round(rng.gauss(35, 18)))
        score = 5 + 0.0006 * income - 0.03 * commute + rng.gauss(0, 0.8)
        rows.append({
            "person": number + 1, "age": age, "education": education, "income": round(income),
            "commute_minutes": commute, "satisfaction": min(10, max(1, round(score))),
        })  # fmt: skip
    return rows


# Makers, the share of missing values by column, and what holds in the table.
KINDS: dict[str, tuple[Callable[[random.Random, int], list[Row]], dict[str, float], str]] = {
    "sales": (
        _sales,
        {"discount": 0.04, "region": 0.02, "revenue": 0.03},
        "Revenue is units times a price of the product, less the discount. The north sells 1.5 "
        "times as many units as the south and the west 0.7 times, November and December 1.4 times "
        "as many as other months; a discount of 10 % adds 20 % to the units.",
    ),
    "sensors": (
        _sensors,
        {"temperature": 0.03, "humidity": 0.05},
        "The temperature follows the hour of the day, warmest at 15:00; sensor b reads 0.5 degrees "
        "too much, sensor c 0.3 too little. Humidity falls by 2 a degree. One reading in a hundred "
        "is 25 degrees too high. The battery falls in a line.",
    ),
    "survey": (
        _survey,
        {"income": 0.08, "commute_minutes": 0.04},
        "Income rises by 25 a year of age and by 600 a step of education, with a long tail above. "
        "Satisfaction (1 to 10) rises with income and falls with the commute.",
    ),
}
