"""Workflows as tests: pass, fail with the worst examples, cassettes, repeats; free when unused."""

import json

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow  # each starts pytest in processes of its own

WORKFLOW = '''
import tracegraph as tg

words = tg.Parameter(["down", "urgent"], name="words")

@tg.bundle
def urgent(message, words):
    """Whether somebody must look at once."""
    return any(word in message.lower() for word in words)

def triage(message):
    return "urgent" if urgent(message, words) else "later"
'''
ROWS = [
    ("The server is down", "urgent"), ("urgent: no login", "urgent"),
    ("Nothing works, help", "urgent"), ("Where is my invoice?", "later"),
    ("Thank you", "later"),
]  # fmt: skip
ASKING = """
import tracegraph as tg
from tracegraph.models import LLM

prompt = tg.Parameter("Answer with one word.", name="prompt")

def answer(question):
    return LLM("fake/model", timeout=5).complete_sync(prompt.data + " " + question).text
"""
NOISY = """
import itertools
import tracegraph as tg

limit = tg.Parameter(3, name="limit")
calls = itertools.count()

def workflow(number):
    return "yes" if next(calls) % 2 else "no"
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A project with a workflow and data, whose tests run in a process of their own."""
    monkeypatch.delenv("TRACEGRAPH_CASSETTE", raising=False)
    pytester.makepyfile(triage=WORKFLOW)
    rows = [
        json.dumps({"id": str(n), "message": m, "expected": e}) for n, (m, e) in enumerate(ROWS)
    ]
    pytester.path.joinpath("rows.jsonl").write_text("\n".join(rows))
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:cacheprovider")

    def run(test, *options, marker='"triage.py:triage", data="rows.jsonl"'):
        pytester.makepyfile(test_it=f"import pytest\n@pytest.mark.tracegraph({marker})\n{test}")
        return pytester.runpytest_subprocess(*options)

    run.path = pytester.path
    return run


def test_passes_and_tells_the_interval(project):
    ran = project(
        "def test_triage(scored):\n    assert scored.scores['2'] == 0 and scored.mean == 0.8",
        "-v",
        marker='"triage.py:triage", data="rows.jsonl", at_least=0.8',
    )
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines([
        "*test_triage: 0.800 (0.376 to 0.964) on 5 examples, at least 0.8 wanted*",
        "  0.00 2: 'later' - Wrong: expected \"urgent\"*",
        "  1.00 0: 'urgent'*",
    ])  # fmt: skip
    assert not project.path.joinpath(".tracegraph").exists(), "tests leave nothing in the project"


def test_fails_with_the_worst_examples(project):
    ran = project(
        "def test_triage():\n    raise SystemExit('the body runs only after a pass')",
        marker='"triage.py:triage", data="rows.jsonl", at_least=0.9',
    )
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["*0.800 (0.376 to 0.964) on 5 examples, at least 0.9 wanted*",
                              "  0.00 2: 'later'*"])  # fmt: skip
    assert "1.00 0" not in ran.stdout.str()
    lenient = project(
        "def test_triage(): ...",
        marker='"triage.py:triage", data="rows.jsonl", at_least=0.9, by_chance=True',
    )
    lenient.assert_outcomes(passed=1)


def test_repeats_are_one_score_an_example(project, pytester):
    pytester.makepyfile(noisy=NOISY)
    rows = [json.dumps({"number": n, "expected": "yes"}) for n in range(4)]
    project.path.joinpath("numbers.jsonl").write_text("\n".join(rows))
    ran = project(
        "def test_noise(scored):\n    assert set(scored.scores.values()) == {0.5}",
        marker='"noisy.py", data="numbers.jsonl", at_least=0.5, repeats=2, concurrency=1',
    )
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines(["*on 4 examples, each 2 times, at least 0.5 wanted*"])


def test_mistakes_are_told(project):
    ran = project("def test_it(): ...", marker='"triage.py:nothing", data="rows.jsonl"')
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["*has no function 'nothing'*"])
    ran = project("def test_it(scored): ...\ndef test_plain(scored): ...")
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["*`scored` needs @pytest.mark.tracegraph*"])


def test_a_cassette_is_recorded_and_replayed(project, pytester):
    pytester.makepyfile(asking=ASKING)
    # A model in the process of the tests, so that recording needs no network.
    pytester.makeconftest(
        "import tracegraph.models.client as client\n"
        "from tracegraph.models.transport import Reply\n"
        "import os\n"
        "class FakeTransport:\n"
        "    def capacity(self, wanted): return 4\n"
        "    def constrains_to(self, schema): return False\n"
        "    def price(self, *_): return 0.0\n"
        "    async def complete(self, request, timeout):\n"
        "        if os.environ.get('OFFLINE'): raise AssertionError('asked')\n"
        "        raw = {'choices': [{'message': {'content': 'Paris'}, 'finish_reason': 'stop'}],\n"
        "               'usage': {'prompt_tokens': 3, 'completion_tokens': 1}}\n"
        "        return Reply(raw, 0.0, 'fake')\n"
        "    async def aclose(self): pass\n"
        "client.make_transport = lambda *a, **k: FakeTransport()\n"
    )
    row = json.dumps({"question": "Capital of France?", "expected": "Paris"})
    project.path.joinpath("asked.jsonl").write_text(row)
    marker = '"asking.py", data="asked.jsonl", at_least=1'
    kept = project.path / "cassettes" / "it" / "test_asks.json"

    project("def test_asks(): ...", marker=marker).assert_outcomes(passed=1)
    assert not kept.exists(), "recorded only when wanted"
    project("def test_asks(): ...", "--tracegraph-cassette=auto", marker=marker).assert_outcomes(
        passed=1
    )
    assert json.loads(kept.read_text())["requests"]
    pytester._monkeypatch.setenv("OFFLINE", "1")
    project("def test_asks(): ...", marker=marker).assert_outcomes(passed=1)

    # Another prompt is not on the cassette: no score, and not a score of 0.
    pytester.makepyfile(asking=ASKING.replace("one word", "two words"))
    changed = project("def test_asks(): ...", marker=marker)
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(["*1 of 1 examples could not be run or judged*no reply*"])


def test_nothing_loads_when_unused(pytester):
    pytester.makepyfile(
        "import sys\n"
        "def test_plain():\n"
        "    loaded = {m for m in sys.modules if m.startswith('tracegraph.')}\n"
        "    assert 'tracegraph.integrations.pytest_plugin' in loaded\n"
        "    for part in ('models', 'training', 'runs', 'sandbox', 'optimizers'):\n"
        "        assert f'tracegraph.{part}' not in loaded\n"
    )
    ran = pytester.runpytest_subprocess("-p", "no:hypothesispytest")
    ran.assert_outcomes(passed=1)
    assert "tracegraph" not in ran.stdout.str().partition("collected")[2], "and nothing is told"
