"""The pytest plugin: a workflow's examples and a threshold are a test.

    @pytest.mark.tracegraph("triage.py:triage", data="messages.jsonl", at_least=0.8)
    def test_triage(): ...

Paths are relative to the test's file. Without such a test nothing of tracegraph's work is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tracegraph.integrations.pytest_scored import Scored

_MARK = "tracegraph"
_HELP = (
    "tracegraph(workflow, *, data, guide='', at_least=None, repeats=1, by_chance=False, "
    "cassette=None, expected=None, inputs=None, limit=None, concurrency=8, timeout=None, "
    "flow='native'): run the workflow on examples and compare the mean score with a threshold."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for cassettes."""
    parser.getgroup("tracegraph").addoption(
        "--tracegraph-cassette",
        choices=("replay", "record", "auto", "off"),
        default=None,
        help="for tests marked tracegraph: replay answers of models and ask none, record them "
        "anew, auto to record what is missing, off to ask models; else replay where there is a "
        "cassette",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _HELP)


@pytest.fixture
def scored(request: pytest.FixtureRequest) -> Scored | None:
    """What the workflow of a marked test scored, for further questions about it."""
    if request.node.get_closest_marker(_MARK) is None:
        pytest.fail("`scored` needs @pytest.mark.tracegraph(workflow, data=…)", pytrace=False)
    return None  # filled in by the call: a score that is too low is a failure, no error of setup


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Run the workflow of a marked test; fail when it scores too little, else go on."""
    mark = pyfuncitem.get_closest_marker(_MARK)
    if mark is None:
        return
    from tracegraph.errors import TracegraphError
    from tracegraph.integrations.pytest_scored import score

    mode = pyfuncitem.config.getoption("--tracegraph-cassette")
    try:
        found = score(pyfuncitem.path, pyfuncitem.name, mode, *mark.args, **mark.kwargs)
    except (TracegraphError, TypeError) as error:
        pytest.fail(f"tracegraph: {error}", pytrace=False)
    pyfuncitem.user_properties.append((_MARK, found.to_json()))
    if found.verdict != "passed":
        pytest.fail(found.report(), pytrace=False)
    if "scored" in pyfuncitem.funcargs:
        pyfuncitem.funcargs["scored"] = found


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell what each marked test scored; with -v also each example."""
    told = [
        (report.nodeid, value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == _MARK
    ]
    if not told:
        return
    terminalreporter.section("tracegraph")
    for nodeid, value in told:
        terminalreporter.write_line(f"{nodeid}: {value['summary']}")
        if config.getoption("verbose") > 0:
            for line in value["examples"]:
                terminalreporter.write_line(f"  {line}")
