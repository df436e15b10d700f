"""What runs beside a modelling program, inside the sandbox.

These modules are shipped as code to the workers: they import the standard library, each other
by relative imports, and the solvers; nothing else of tracegraph is there.
"""
