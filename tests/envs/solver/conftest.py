"""A pool for each test."""

from collections.abc import AsyncIterator

import pytest

from tracegraph.envs.solver import SolverPool


@pytest.fixture
async def pool() -> AsyncIterator[SolverPool]:
    pytest.importorskip("pyscipopt")
    async with SolverPool(2, seconds=8.0) as opened:
        yield opened
