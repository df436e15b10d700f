"""The pytest fixture that gives each test its cassette.

In a `conftest.py`: `from tracegraph.models.testing import cassette`, or name this module in
`pytest_plugins`. A test then asks a real model once, and is replayed offline ever after:

    async def test_greeting(cassette):
        answer = await LLM("local", cassette=cassette).complete("Say hello.")

`TRACEGRAPH_CASSETTE=auto pytest ...` records what is missing, `=record` everything anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tracegraph.models.cassette import Cassette

__all__ = ["cassette"]


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Iterator[Cassette]:
    """Return the test's cassette: `cassettes/FILE/TEST.json` beside the test file.

    Clients made without `cassette=` use it too, as long as they run in the test's context.
    """
    test = re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")
    file = request.path.stem.removeprefix("test_")
    with Cassette(request.path.parent / "cassettes" / file / f"{test}.json") as opened:
        yield opened
