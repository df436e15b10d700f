"""A question, and a program that a model wrote for it."""

question = "What is the most of x plus twice y, where they are 4.5 together and y is 3 at most?"
code = """
from pyscipopt import Model
m = Model()
x, y = m.addVar("x", vtype="I"), m.addVar("y", ub=3)
m.addCons(x + y <= 4.5)
m.setObjective(x + 2 * y, "maximize")
m.optimize()
"""
