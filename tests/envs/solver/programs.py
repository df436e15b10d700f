"""Modelling programs for the tests."""

MILP = """
from pyscipopt import Model
import json
m = Model()
m.hideOutput()
x = m.addVar("x a", vtype="I")
y = m.addVar("y", ub=3)
m.addCons(x + y <= 4.5, name="cap")
m.setObjective(x + 2 * y + 1, "maximize")
m.optimize()
print("ANSWER", json.dumps({"x": m.getVal(x), "cost": "$1,200.50 a day", "y": [m.getVal(y)]}))
"""
LP = MILP.replace(', vtype="I"', "")
NONLINEAR = MILP.replace("m.setObjective", 'm.addCons(x * y >= 1, name="area")\nm.setObjective')
HIGHS = """
import highspy
h = highspy.Highs()
h.setOptionValue("output_flag", False)
x = h.addVariable(0, highspy.kHighsInf, name="x", type=highspy.HighsVarType.kInteger)
y = h.addVariable(0, 3, name="y")
h.addConstr(x + y <= 4.5)
h.maximize(x + 2 * y + 1)
"""
TRAP = """
from pyscipopt import Model
m = Model()
m.hideOutput()
x = m.addVar("x", ub=40)
obj = m.addVar("obj")
m.addCons(obj == x - {shift})
m.setObjective(obj, "{sense}")
m.optimize()
"""
# Stops at the first point within half of the optimum, and calls that optimal.
LAZY = """
from pyscipopt import Model, quicksum
import random
draw = random.Random(5)
m = Model()
m.hideOutput()
m.setParam("limits/gap", 0.5)
x = [m.addVar(f"x{n}", vtype="B") for n in range(40)]
for _ in range(5):
    m.addCons(quicksum(draw.randint(5, 60) * v for v in x) <= 400)
m.setObjective(quicksum(draw.randint(10, 99) * v for v in x), "maximize")
m.optimize()
"""
