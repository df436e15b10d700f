"""Programs in warm workers: what comes back, and that bad ones hurt nobody."""

import random
import time

import pytest

from tests.envs.solver import programs as p
from tracegraph.envs.solver import SolverPool


async def test_a_program_tells_everything(pool: SolverPool) -> None:
    run = await pool.run(p.MILP)
    assert (run.status, run.objective, run.dual_bound, run.gap) == ("optimal", 8.0, 8.0, 0.0)
    assert [(v.name, v.value, v.kind, v.upper) for v in run.variables] == [
        ("x a", 1.0, "integer", None), ("y", 3.0, "continuous", 3.0),
    ]  # fmt: skip
    assert run.answer == {"x": 1.0, "cost": 1200.5, "y.0": 3.0}
    assert run.model is not None
    assert (run.model.kind, run.model.format, run.model.sense) == ("MILP", "mps", "maximize")
    assert [(c.name, c.line) for c in run.model.constraints] == [("cap", 8)]
    assert [v.line for v in run.model.variables] == [6, 7]
    assert run.log
    assert not run.error


async def test_variables_have_the_units_that_the_program_gives(pool: SolverPool) -> None:
    named = p.NONLINEAR.replace('"x a"', '"x [kg]"').replace('"y": [m', '"y [h]": [m')
    run = await pool.run(named.replace("[m.getVal(y)]", "m.getVal(y)"))
    assert [(v.name, v.unit) for v in run.variables] == [("x [kg]", "kg"), ("y", "h")]
    assert run.model is not None
    assert {v.name for v in run.model.variables} == {"x [kg]", "y"}  # also in .nl's names
    assert [v.unit for v in (await pool.run(p.MILP)).variables] == ["", ""]


async def test_both_solvers_state_the_same_model(pool: SolverPool) -> None:
    scip, highs = await pool.run_many([p.MILP, p.HIGHS])
    assert (highs.status, highs.objective, highs.solver) == ("optimal", 8.0, "highs")
    assert scip.model is not None
    assert highs.model is not None
    assert highs.model.hash == scip.model.hash
    assert [v.line for v in highs.model.variables] == [5, 6]


async def test_statuses_are_classes(pool: SolverPool) -> None:
    infeasible = p.MILP.replace("<= 4.5", "<= -4.5")
    unbounded = p.TRAP.format(shift=1, sense="maximize").replace(", ub=40", "")
    ended = [
        await pool.run(code)
        for code in (infeasible, unbounded, "print(1)", "1 / 0", "def f(:", "raise SystemExit(3)")
    ]
    assert [run.status for run in ended] == [
        "infeasible", "unbounded", "no_solve", "error", "error", "error",
    ]  # fmt: skip
    assert ended[0].model is not None
    assert ended[3].error == "line 1: ZeroDivisionError: division by zero"
    assert "exit code 3" in ended[5].error


BAD = {
    "hang": ("while True: pass", "timeout"),
    "sleep": ("import time; time.sleep(60)", "timeout"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "error"),
    "memory": ("x = []\nwhile True: x.append(bytearray(1 << 26))", "error"),
    "exit": ("import os; os._exit(0)", "error"),
    "kill": ("import os; os.kill(os.getpid(), 9)", "error"),
    "flood": ("while True: print('x' * 1000)", "error"),
    "unicode": ("x = '\ud800'", "error"),
    "zero": ("\0", "error"),
    "fork": ("import os\nwhile True: os.fork()", "error"),
}


async def test_bad_programs_do_not_stop_the_others() -> None:
    pytest.importorskip("pyscipopt")
    codes = [code for code, _ in BAD.values()] * 2 + [p.MILP] * 12
    random.Random(1).shuffle(codes)
    async with SolverPool(2, seconds=1.0, memory=1 << 27) as pool:
        begin = time.monotonic()
        runs = await pool.run_many(codes)
        took = time.monotonic() - begin
    for code, run in zip(codes, runs, strict=True):
        wanted = "optimal" if code == p.MILP else next(s for c, s in BAD.values() if c == code)
        assert run.status == wanted, (code, run)
    assert took < 60


async def test_a_solver_that_does_not_finish_tells_its_bound(pool: SolverPool) -> None:
    # Market split problems: tiny and hopeless.
    code = """
import random
from pyscipopt import Model, quicksum
draw = random.Random(3)
m = Model()
m.hideOutput()
x = [m.addVar(vtype="B") for _ in range(50)]
slack = []
for _ in range(6):
    a = [draw.randint(0, 99) for _ in x]
    up, down = m.addVar(), m.addVar()
    slack += [up, down]
    m.addCons(quicksum(c * v for c, v in zip(a, x)) + up - down == sum(a) // 2)
m.setObjective(quicksum(slack))
m.optimize()
"""
    run = await pool.run(code, seconds=1.0)
    assert run.status == "timeout"
    assert run.model is not None
    assert run.dual_bound is not None
    assert run.objective is not None
    assert run.dual_bound <= run.objective


async def test_the_program_sees_no_network_and_not_our_files(pool: SolverPool) -> None:
    run = await pool.run("import socket; socket.create_connection(('127.0.0.1', 1))")
    assert run.status == "error"
    run = await pool.run(f"print(open({__file__!r}).read())")
    assert "No such file" in run.error or "Permission" in run.error
