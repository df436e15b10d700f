"""Improve the prompts of the data agent on questions about tables.

Measure it: tracegraph eval dabench --data DIR --limit 25
Make examples of the questions, and improve the prompts on them:

    python cookbook/06_datarus.py DIR > questions.jsonl
    DABENCH=DIR tracegraph optimize cookbook/06_datarus.py:answer --data questions.jsonl
"""

import json
import os
import sys
from pathlib import Path

from tracegraph.agents.datarus import Datarus, Settings, Texts
from tracegraph.agents.datarus.dabench import load, score
from tracegraph.envs.notebook import NotebookEnv, NotebookTask
from tracegraph.models import LLM

texts = Texts()  # the prompts: what may change


async def answer(question, file_name):
    """Answer a question about a table by running Python code in a notebook, in few steps."""
    table = Path(os.environ["DABENCH"], "tables", file_name)
    agent = Datarus(LLM(), lambda task: NotebookEnv(), settings=Settings(steps=4), texts=texts)
    episode = await agent.run(NotebookTask("question", question, {file_name: table}))
    return episode.answer


def guide(output, expected):
    """Score the parts of the answer, and say which are wrong."""
    judged = score(expected, output or "")
    return judged.value, judged.feedback


def main(folder):
    """Print the questions of DABench as examples."""
    for question in load(Path(folder)):
        row = {"id": question.id, "question": question.text, "file_name": question.table.name}
        print(json.dumps({**row, "expected": question.answers}))


if __name__ == "__main__":
    main(sys.argv[1])
