"""Tables that are made: the same for a seed, with gaps, and with the structure that they tell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tracegraph.agents.datarus.synthesis import KINDS, generate
from tracegraph.errors import TracegraphError


def read(kind: str, folder: Path, rows: int = 3000) -> pd.DataFrame:
    return pd.read_csv(generate(kind, 1, rows).write(folder))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_seed_makes_the_same_table_with_gaps(kind: str, tmp_path: Path) -> None:
    written = generate(kind, 3).write(tmp_path).read_bytes()
    assert generate(kind, 3).write(tmp_path / "again").read_bytes() == written
    assert generate(kind, 4).write(tmp_path).read_bytes() != written
    table = read(kind, tmp_path)
    share = table.isna().mean()
    assert dict(share[share > 0]) == pytest.approx(KINDS[kind][1], abs=0.015)


def test_the_tables_have_the_structure_that_they_tell(tmp_path: Path) -> None:
    sales = read("sales", tmp_path)
    units = sales.groupby("region").units.mean()
    assert units["north"] / units["south"] == pytest.approx(1.5, abs=0.1)
    whole = sales[sales["discount"] == 0].dropna()
    assert set((whole.revenue / whole.units).round(2)) == {39.0, 89.0, 129.0, 249.0}
    sensors = read("sensors", tmp_path)
    level = sensors.groupby("sensor").temperature.median()
    assert level["b"] - level["a"] == pytest.approx(0.5, abs=0.4)
    assert (sensors.temperature > 35).mean() == pytest.approx(0.01, abs=0.006)
    survey = read("survey", tmp_path)
    assert survey.satisfaction.corr(survey.income) > 0.3
    assert survey.satisfaction.corr(survey.commute_minutes) < -0.3


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(TracegraphError, match="use sales, sensors, survey"):
        generate("weather")
