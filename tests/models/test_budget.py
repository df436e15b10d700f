from __future__ import annotations

import asyncio
import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracegraph.models import Amount, Budget, BudgetExceeded


def test_a_reservation_counts_until_it_is_settled() -> None:
    budget = Budget(tokens=100)
    reservation = budget.reserve(tokens=80)
    assert (budget.reserved.tokens, budget.spent.tokens) == (80, 0)
    with pytest.raises(BudgetExceeded, match="21 more tokens do not fit: 0 spent and 80"):
        budget.reserve(tokens=21)
    reservation.settle(tokens=30)
    reservation.settle(tokens=30)
    assert (budget.reserved.tokens, budget.spent.tokens) == (0, 30)
    assert budget.remaining.tokens == 70


def test_a_context_is_charged_in_full_unless_settled() -> None:
    budget = Budget(calls=3, dollars=1)
    with budget.reserve(calls=1, dollars=0.5):
        pass
    with budget.reserve(calls=1, dollars=0.5) as reservation:
        reservation.settle(dollars=0.1)
    assert budget.spent.calls == 2
    assert budget.spent.dollars == pytest.approx(0.6)
    budget.reserve(calls=1).release()
    assert budget.spent.calls == 2


def test_money_adds_up_exactly() -> None:
    budget = Budget(dollars=0.3)
    for _ in range(3):
        budget.charge(dollars=0.1)
    assert budget.exhausted
    with pytest.raises(BudgetExceeded):
        budget.reserve(dollars=0.000000001)


def test_children_draw_on_their_parents() -> None:
    run = Budget(tokens=100, name="run")
    step = run.child("step", tokens=60)
    other = run.child("other")
    step.charge(tokens=50)
    other.charge(tokens=30)
    assert run.spent.tokens == 80
    assert step.remaining.tokens == 10
    assert other.remaining.tokens == 20
    with pytest.raises(BudgetExceeded) as step_error:
        step.reserve(tokens=15)
    assert step_error.value.budget == "step"
    with pytest.raises(BudgetExceeded) as run_error:
        other.reserve(tokens=21)
    assert (run_error.value.budget, run_error.value.kind) == ("run", "tokens")
    assert run.reserved.tokens == 0, "a refused reservation takes from no level"


def test_seconds_are_wall_clock_from_the_first_use() -> None:
    budget = Budget(seconds=0.1)
    time.sleep(0.12)
    budget.charge(calls=1)
    time.sleep(0.12)
    with pytest.raises(BudgetExceeded, match="seconds"):
        budget.reserve(calls=1)
    assert Budget(seconds=5, spent=Amount(seconds=4)).remaining.seconds == 1


def test_a_budget_goes_on_where_a_run_stopped() -> None:
    budget = Budget(tokens=10, spent=Amount(tokens=9))
    budget.charge(tokens=1)
    assert budget.exhausted


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="tokens=-1"):
        Budget(tokens=-1)


async def test_waiting_ends_when_work_in_flight_settles() -> None:
    budget = Budget(tokens=100)
    first = budget.reserve(tokens=90)
    waiting = asyncio.create_task(budget.reserve_soon(tokens=50))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    first.settle(tokens=10)
    async with asyncio.timeout(2):
        (await waiting).settle()
    assert budget.spent.tokens == 60


async def test_waiting_is_refused_when_it_cannot_help() -> None:
    budget = Budget(tokens=100)
    budget.charge(tokens=60)
    held = budget.reserve(tokens=40)
    with pytest.raises(BudgetExceeded):
        await budget.reserve_soon(tokens=41)
    waiting = asyncio.create_task(budget.reserve_soon(tokens=30))
    await asyncio.sleep(0.01)
    held.settle(tokens=20)
    with pytest.raises(BudgetExceeded):
        await waiting


async def test_waiting_ends_with_the_time() -> None:
    budget = Budget(tokens=10, seconds=0.1)
    budget.reserve(tokens=10)
    async with asyncio.timeout(2):
        with pytest.raises(BudgetExceeded, match="seconds"):
            await budget.reserve_soon(tokens=5)


def test_a_waiter_in_another_thread_is_woken() -> None:
    budget = Budget(calls=1)
    held = budget.reserve(calls=1)
    done = []

    async def wait() -> None:
        (await budget.reserve_soon(calls=1)).settle()
        done.append(True)

    thread = threading.Thread(target=lambda: asyncio.run(wait()))
    thread.start()
    time.sleep(0.05)
    held.release()
    thread.join(2)
    assert done == [True]


works = st.lists(
    st.tuples(st.integers(0, 40), st.floats(0, 1), st.integers(0, 2), st.booleans()), max_size=60
)


@settings(max_examples=60, deadline=None)
@given(works, st.integers(0, 200), st.integers(0, 100), st.randoms(use_true_random=False))
def test_no_interleaving_passes_a_limit(
    work: list[tuple[int, float, int, bool]], limit: int, inner: int, order: random.Random
) -> None:
    run = Budget(tokens=limit, name="run")
    levels = [run, run.child("a", tokens=inner), run.child("b")]

    async def one(worst: int, share: float, level: int, patient: bool) -> int:
        budget = levels[level]
        await asyncio.sleep(0)
        try:
            held = (
                await budget.reserve_soon(tokens=worst) if patient else budget.reserve(tokens=worst)
            )
        except BudgetExceeded:
            return 0
        for _ in range(order.randrange(4)):
            assert run.spent.tokens + run.reserved.tokens <= limit
            assert levels[1].spent.tokens + levels[1].reserved.tokens <= inner
            await asyncio.sleep(0)
        used = int(worst * share)
        held.settle(tokens=used)
        return used

    async def all_() -> list[int]:
        return await asyncio.gather(*(one(*item) for item in work))

    used = asyncio.run(all_())
    assert run.spent.tokens == sum(used) <= limit
    assert run.reserved.tokens == levels[1].reserved.tokens == 0


def test_threads_do_not_pass_a_limit() -> None:
    budget = Budget(tokens=1000)
    granted = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(200):
            worst = chance.randrange(3, 30)
            try:
                held = budget.reserve(tokens=worst)
            except BudgetExceeded:
                continue
            used = chance.randrange(0, 3)
            granted.append(used)
            held.settle(tokens=used)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.spent.tokens == sum(granted) <= 1000
