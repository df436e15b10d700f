import asyncio
import contextlib
import json
import random

import pytest

import tracegraph as tg
from tracegraph import blame
from tracegraph.graph import GraphError
from tracegraph.graph.blame import align


@tg.bundle
def parse(text):
    return {"amount": int(text.split()[1]), "kind": text.split()[0]}


@tg.bundle
def fee(order):
    # The fault: the limit should be 50, and the fee of large orders comes out too low.
    return [2.5 if order["amount"] < 30 else 0.5]


@tg.bundle
def label(order):
    return [order["kind"].title()]


@tg.bundle
def answer(name, amount):
    return f"{name[0]}: {amount[0]}"


def record(text):
    with tg.record() as run:
        order = parse(text)
        answer(label(order), fee(order))
    return run


class Batch:
    """Runs of the program above, their scores, and what each should have answered."""

    def __init__(self, n=60, seed=1):
        rng = random.Random(seed)
        texts = [f"{rng.choice(['book', 'tool'])} {rng.randint(1, 99)}" for _ in range(n)]
        self.runs = [record(text) for text in texts]
        self.fees = [2.5 if int(text.split()[1]) < 50 else 0.5 for text in texts]
        kinds = [text.split()[0].title() for text in texts]
        self.right = [f"{kind}: {fee}" for kind, fee in zip(kinds, self.fees, strict=True)]
        outputs = [run.nodes[-1].data for run in self.runs]
        self.scores = [float(a == b) for a, b in zip(outputs, self.right, strict=True)]
        self.scorers = [lambda out, want=want: float(out == want) for want in self.right]


@pytest.fixture(scope="module")
def batch():
    return Batch()


def test_the_broken_call_is_blamed(batch):
    found = blame(batch.runs, batch.scores, replay=batch.scorers)
    first = found.ranking[0]
    assert (first.key, first.kind) == ("fee", "node")
    assert first.trials.rescued == first.trials.replayed > 5
    assert "some other result makes" in first.reason
    assert "order['amount']" in first.reason
    low, high = first.interval
    assert 0 <= low <= first.score <= high <= 1
    assert sum(e.score for e in found.ranking if e.kind == "node") == pytest.approx(1)
    assert found.failed == batch.scores.count(0.0)


def test_the_report_is_text_and_json(batch):
    found = blame(batch.runs, batch.scores, replay=batch.scorers, resamples=0)
    lines = found.table(2).splitlines()
    assert len(lines) == 3
    assert f"{found.failed} of 60 runs failed" in lines[0]
    assert "fee" in lines[1]
    told = json.loads(json.dumps(found.to_json()))
    assert told["ranking"][0]["key"] == "fee"
    assert told["ranking"][0]["interval"] == [0.0, 1.0]


def test_what_was_expected_counts_more_than_anything_inferred(batch):
    failed = [i for i, score in enumerate(batch.scores) if score == 0][:2]
    expected = [{"fee": [f]} if i in failed else {} for i, f in enumerate(batch.fees)]
    first = blame(batch.runs, batch.scores, expected=expected).ranking[0]
    assert first.key == "fee"
    assert first.score > 0.9
    assert "2 of 2 results in failed runs are the first that is not as expected" in first.reason
    kinds = [run.nodes[0].data["kind"].title() for run in batch.runs]
    cleared = blame(batch.runs, batch.scores, expected=[{"label": [kind]} for kind in kinds])
    before = blame(batch.runs, batch.scores)
    assert share(cleared, "label") < share(before, "label")


def share(found, key):
    return next(entry.score for entry in found.ranking if entry.key == key)


def test_who_gets_wrong_values_is_not_the_first_to_be_wrong(batch):
    expected = [
        {"fee": [f], "answer": right} for f, right in zip(batch.fees, batch.right, strict=True)
    ]
    found = blame(batch.runs, batch.scores, expected=expected)
    assert found.ranking[0].key == "fee"
    assert share(found, "answer") < 0.01


def test_a_call_that_is_wrong_at_random_is_told_from_those_after_it():
    rng = random.Random(4)

    @tg.bundle
    def draft(question):
        return "garbage out" if rng.random() < 0.4 else f"a reply to {question}"

    @tg.bundle
    def polish(text):
        return f"<{text}>"

    @tg.bundle
    def send(text):
        return [text]

    runs = []
    for i in range(40):
        with tg.record("nodes") as run:
            send(polish(draft(f"question {i % 7}")))
        runs.append(run)
    scores = [float("garbage" not in run.nodes[-1].data[0]) for run in runs]
    found = blame(runs, scores)
    assert found.ranking[0].key == "draft"
    assert found.ranking[0].score > 2 * share(found, "polish")


def test_calls_that_the_result_does_not_need_are_not_blamed():
    @tg.bundle
    def log(text):
        return [text]

    runs = []
    for i in range(20):
        with tg.record() as run:
            log(f"entry number {i}")
            fee({"amount": i * 5})
        runs.append(run)
    scores = [float(i < 10) for i in range(20)]
    assert [e.key for e in blame(runs, scores).ranking] == ["fee"]
    by_hand = blame(runs, scores, output=lambda run: run.nodes[0])
    assert [e.key for e in by_hand.ranking] == ["log"]


def failing_runs():
    @tg.bundle
    def source(x):
        return [x]

    @tg.bundle
    def invert(x):
        return [1 / x[0]]

    @tg.bundle
    def show(x):
        return f"result {x[0]:.2f}"

    runs = []
    for i in range(20):
        with tg.record() as run, contextlib.suppress(ZeroDivisionError):
            show(invert(source(i % 4)))
        runs.append(run)
    return runs


def test_errors_count_as_failure_and_against_the_call():
    found = blame(failing_runs())
    assert found.failed == 5
    assert found.ranking[0].key == "invert"
    assert "raised in 5 of 5 failed runs" in found.ranking[0].reason


def test_no_score_is_the_lowest_and_a_gone_error_is_worth_what_other_runs_got():
    runs = failing_runs()
    scores = [None if run.failed else 0.8 for run in runs]
    found = blame(runs, scores, replay=lambda output: 0.8)
    assert found.failed == 5
    source = next(e for e in found.ranking if e.key == "source")
    # The runs without a score count as worse than all others, however close these are.
    assert source.trials.gain == pytest.approx(1.0)


def test_parameters_that_vary_and_those_that_broken_calls_use():
    k = tg.node(1, trainable=True, name="k")
    prompt = tg.node("a prompt", trainable=True, name="prompt")

    @tg.bundle
    def cut(text, k):
        return [text[:k]]

    @tg.bundle
    def ask(part):
        return f"{prompt.data}: {part[0]}"

    runs = []
    for i in range(20):
        k.update(i)
        with tg.record() as run:
            ask(cut(f"some text {i * 7}", k))
        runs.append(run)
    found = blame(runs, [float(i > 9) for i in range(20)])
    parameters = {e.key: e for e in found.ranking if e.kind == "parameter"}
    assert list(parameters) == ["k", "prompt"]
    assert "k <= 9" in parameters["k"].reason
    assert "used by ask" in parameters["prompt"].reason
    assert parameters["prompt"].score == pytest.approx(share(found, "ask"))


def test_no_signal_gives_even_shares(batch):
    rng = random.Random(3)
    found = blame(batch.runs, [rng.random() for _ in batch.runs])
    shares = [e.score for e in found.ranking if e.kind == "node"]
    assert max(shares) < 2 / len(shares)
    same = blame(batch.runs, [1.0] * 60)
    assert same.failed == 0
    assert "nothing is to blame" in same.table()


def test_few_runs_are_only_a_hint():
    runs = [record(f"book {amount}") for amount in (10, 40, 60)]
    found = blame(runs, [1.0, 0.0, 1.0])
    assert "too few" in found.table()
    assert all(e.interval == (0.0, 1.0) for e in found.ranking)


def test_replays_stay_within_their_number_and_skip(batch):
    found = blame(batch.runs, batch.scores, replay=batch.scorers, limit=10)
    assert found.calls == 10
    assert "stopped after 10 calls" in found.table()
    asked = []

    def skip(node):
        asked.append(node.operation.name)
        return node.operation.name == "answer"

    skipped = blame(batch.runs, batch.scores, replay=batch.scorers, skip=skip)
    assert "answer" in asked
    assert next(e for e in skipped.ranking if e.key == "fee").trials.rescued == 0
    assert "could not be scored" in skipped.table()


def test_blame_changes_nothing_in_the_runs(batch):
    before = repr([(node.data, node._args) for run in batch.runs for node in run.nodes])
    blame(batch.runs, batch.scores, replay=batch.scorers)
    assert repr([(node.data, node._args) for run in batch.runs for node in run.nodes]) == before


def test_async_programs():
    @tg.bundle
    async def ask(x):
        await asyncio.sleep(0)
        return [x]

    @tg.bundle
    async def check(x):
        await asyncio.sleep(0)
        return [x[0] % 5 > 2]

    async def main():
        runs = []
        for i in range(20):
            async with tg.record() as run:
                await check(await ask(1000 + i))
            runs.append(run)
        return runs

    runs = asyncio.run(main())
    scores = [float(run.nodes[0].data[0] % 5 < 2) for run in runs]
    found = blame(runs, scores, replay=lambda out: float(out == [False]), resamples=0)
    assert found.calls > 0
    assert {e.key for e in found.ranking} == {"ask", "check"}


def test_bad_input_is_named(batch):
    with pytest.raises(GraphError, match="needs recorded runs"):
        blame([])
    with pytest.raises(GraphError, match="60 runs with 2 scores"):
        blame(batch.runs, [1.0, 0.0])
    with pytest.raises(GraphError, match="60 runs with 1 scorers"):
        blame(batch.runs, batch.scores, replay=batch.scorers[:1])
    with tg.record() as empty:
        pass
    with pytest.raises(GraphError, match="run 0 has no recorded call"):
        blame([empty])


# Which call is which


@tg.bundle
def make(x):
    return [x]


@tg.bundle
def clean(x):
    return [x[0], "clean"]


@tg.bundle
def join(a, b):
    return [a, b]


def test_a_branch_that_was_left_out_does_not_shift_the_others():
    runs = []
    for both in (True, False, True):
        with tg.record() as run:
            first = make("a value")
            one = clean(first) if both else first
            join(one, clean(clean(make("other"))))
        runs.append(run)
    full, short, again = align(runs)
    assert list(full) == list(again)
    assert set(short) == set(full) - {"clean#0"}
    assert short["clean#1"].data == full["clean#1"].data == ["other", "clean"]


def test_concurrent_calls_are_aligned_by_structure_not_by_time():
    @tg.bundle
    async def work(name, wait):
        await asyncio.sleep(wait)
        return [name]

    async def main(waits):
        async with tg.record() as run:
            a, b = await asyncio.gather(work("a", waits[0]), work("b", waits[1]))
            join(a, b)
        return run

    runs = [asyncio.run(main(waits)) for waits in ((0, 0.01), (0.01, 0))]
    assert runs[0].nodes[0].data != runs[1].nodes[0].data
    for nodes in align(runs):
        assert [nodes["work#0"].data, nodes["work#1"].data] == [["a"], ["b"]]


def test_loops_of_different_length_share_their_first_rounds():
    runs = []
    for rounds in (2, 4):
        with tg.record() as run:
            value = make("a value")
            for _ in range(rounds):
                value = clean(value)
        runs.append(run)
    short, long = align(runs)
    assert set(long) - set(short) == {"clean#2", "clean#3"}
