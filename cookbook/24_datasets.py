"""A Hugging Face data set as examples, and episodes as a data set for fine-tuning.

Run it: python cookbook/24_datasets.py

From the command line a data set of the hub, or a folder of `save_to_disk`, is data as it is:

    tracegraph optimize math.py --data hf://openai/gsm8k@main --expected answer
    tracegraph episodes export good --format dataset --outcome success

Needs: pip install 'tracegraph[hub]'
"""

import tempfile
from pathlib import Path

from datasets import Dataset, DatasetDict

from tracegraph.agents import Episode, Turn
from tracegraph.integrations.hub import dataset_of, examples_of
from tracegraph.runs import Store, add_episode, list_episodes, run_scope


def sums(numbers):
    return Dataset.from_list([{"question": f"{n} + {n}?", "answer": str(2 * n)} for n in numbers])


def main():
    examples = examples_of(DatasetDict(train=sums(range(3)), test=sums(range(3, 5))))
    for example in examples:
        print(f"{example.part:<6} {example.inputs['question']} {example.expected}")
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "runs.db")) as store:
        with run_scope(store, "eval", "sums") as run:
            for example in examples:
                episode = Episode("adder", "sums", example.id, "success", reward=1.0)
                asked = {"role": "user", "content": example.inputs["question"]}
                episode.turns = [Turn(messages=[asked], answer=str(example.expected))]
                add_episode(store, episode.to_stored(run.id, example.id)).result()
        made = dataset_of(list_episodes(store, run.id))
        print(f"{len(made)} conversations: {', '.join(made.column_names)}")


if __name__ == "__main__":
    main()
