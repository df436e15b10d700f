"""A workflow's examples and a threshold as a test.

Run it: python cookbook/23_pytest.py

It writes a small project into a folder, with a workflow, rows and a test, and runs pytest there:
first as the workflow is, then after somebody made it worse. Needs: pip install pytest
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

WORKFLOW = '''"""Which team a message is for."""
import tracegraph as tg

billing = tg.Parameter(["invoice", "refund", "charged"], name="billing")

@tg.bundle
def about_money(message, words):
    """Whether the message is about money."""
    return any(word in message.lower() for word in words)

def route(message):
    return "billing" if about_money(message, billing) else "support"
'''
TEST = """import pytest

@pytest.mark.tracegraph("route.py:route", data="rows.jsonl", guide="exact", at_least=0.9)
def test_route(scored):
    assert scored.scores["outage"] == 1, "an outage never goes to billing"
"""
ROWS = [
    ("outage", "Nothing loads since noon.", "support"),
    ("login", "I cannot log in.", "support"),
    ("crash", "The app crashes when I open it.", "support"),
    ("invoice", "Where is my invoice?", "billing"),
    ("refund", "I want a refund.", "billing"),
    ("charged", "You charged me twice.", "billing"),
]


def check(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    print(done.stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        project.joinpath("route.py").write_text(WORKFLOW)
        project.joinpath("test_route.py").write_text(TEST)
        rows = [json.dumps({"id": i, "message": m, "expected": e}) for i, m, e in ROWS]
        project.joinpath("rows.jsonl").write_text("\n".join(rows) + "\n")
        print("as it is:")
        check(project)
        worse = WORKFLOW.replace('"invoice", "refund", "charged"', '"invoice", "my"')
        project.joinpath("route.py").write_text(worse)
        print("with other words:")
        check(project)


if __name__ == "__main__":
    main()
