"""The data agent answers a question about a table, in a notebook of its own.

Run it: python cookbook/06_datarus.py [--model local]

Without --model the model is scripted: its cell and its answer are written below. The notebook
and the score are real. Needs: pip install 'tracegraph[notebook]'

Its prompts are parameters. With the questions of InfiAgent-DABench in a folder DIR:

    python cookbook/06_datarus.py --questions DIR > questions.jsonl
    tracegraph optimize cookbook/06_datarus.py:answer --data questions.jsonl
"""

import argparse
import asyncio
import functools
import json
import tempfile
from pathlib import Path

from scripted import scripted

from tracegraph.agents.datarus import Datarus, Settings, Texts
from tracegraph.agents.datarus.dabench import load, score
from tracegraph.envs.notebook import NotebookEnv, NotebookTask
from tracegraph.models import LLM

SALES = "month,region,amount\n1,north,120\n1,south,80\n2,north,150\n2,south,60\n"
QUESTION = "Which region sold most, and how much? Answer as @region[name] and @amount[number]."
RIGHT = {"region": "north", "amount": "270"}
SCRIPT = [
    {"thought": "Add the amounts up.", "code": ["print(df.groupby('region').amount.sum())"]},
    {"thought": "North has more.", "answer": RIGHT},
]

texts = Texts()  # the prompts: what may change


def agent(llm):
    return Datarus(llm, lambda task: NotebookEnv(), settings=Settings(steps=4), texts=texts)


async def answer(question, table):
    """Answer a question about a table by running Python code in a notebook, in few steps."""
    files = {Path(table).name: Path(table)}
    episode = await agent(LLM()).run(NotebookTask("question", question, files))
    return episode.answer


def guide(output, expected):
    """Score the parts of the answer, and say which are wrong."""
    judged = score(expected, output or "")
    return judged.value, judged.feedback


def print_questions(folder):
    """Print the questions of DABench as examples, one a line."""
    for each in load(folder):
        row = {"id": each.id, "question": each.text, "table": str(each.table.resolve())}
        print(json.dumps({**row, "expected": each.answers}))


async def show(model):
    """Answer one question, and print what was run."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "sales.csv")
        table.write_text(SALES)
        judge = functools.partial(score, RIGHT)
        task = NotebookTask("sales", QUESTION, {"sales.csv": table}, judge)
        episode = await agent(LLM(model) if model else scripted(SCRIPT)).run(task)
    print(f"model:  {model or 'scripted'}\n{QUESTION}\n")
    for turn in episode.turns:
        if turn.observation:
            print(turn.observation["text"].rstrip(), end="\n\n")
    print(f"answer: {episode.answer}\nresult: {episode.outcome}, reward {episode.reward}")


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--model", default="", help="a model in place of the script")
    options.add_argument("--questions", type=Path, help="print the questions of a folder")
    chosen = options.parse_args(arguments)
    if chosen.questions:
        print_questions(chosen.questions)
    else:
        asyncio.run(show(chosen.model))


if __name__ == "__main__":
    main()
