"""Serve a model with vLLM: the command, and many calls in flight against a pool of servers.

Run it: python cookbook/16_vllm.py [--model vllm:smollm2]

Without --model the servers are not started: this prints what would be run, and asks a scripted
model instead. With it, `tracegraph serve smollm2` must have been run before.
"""

import argparse
import asyncio
import subprocess
import sys
from pathlib import Path

from scripted import scripted

from tracegraph.models import LLM

QUESTIONS = [f"Is {number} even? Answer yes or no." for number in range(16)]


def command():
    """Return what `tracegraph serve` would run on a machine with a GPU."""
    program = Path(sys.executable).with_name("tracegraph")
    asked = [program, "serve", "start", "Qwen/Qwen2.5-7B-Instruct", "--print"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


async def ask(llm):
    """Ask everything at once: that is what vLLM is for."""
    answers = await asyncio.gather(*(llm.complete(each, max_tokens=3) for each in QUESTIONS))
    await llm.aclose()
    return [answer.text.strip() for answer in answers]


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--model", default="", help="vllm:NAME of a served model")
    model = options.parse_args(arguments).model

    print(command())
    even = ["yes" if number % 2 == 0 else "no" for number in range(16)]
    answers = asyncio.run(ask(LLM(model) if model else scripted(even)))
    print(f"{model or 'scripted'}: {len(answers)} answers, {answers.count('yes')} of them yes")


if __name__ == "__main__":
    main()
