"""What people use already: agent frameworks, and the tools around a workflow.

Each module works with one package, which loads when the module is used.
"""
