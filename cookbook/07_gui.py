"""An agent works at a desktop of its own: it opens nothing of yours, and leaves nothing behind.

Run it: python cookbook/07_gui.py [--model local]

Without --model the brain is scripted: its actions are written below. The desktop, the programs
on it and the score are real. Needs: pip install 'tracegraph[desktop]', and docs/desktop.md.
"""

import argparse
import asyncio

from tracegraph.agents.gui import GuiAgent, ScriptedBrain, TextBrain
from tracegraph.envs.desktop import DesktopPool, LocalXvfb
from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.tasks.own import make_task
from tracegraph.models import LLM


def script(task):
    """Return what to do for `append_line`: go to the end, write the line, save."""
    line = task.instruction.split("'")[1]
    return [
        a.Keys(("ctrl", "end")),
        a.Type(line),
        a.Keys(("ctrl", "s")),
        a.Done(),
    ]


async def play(model):
    task = make_task("editor/append_line", 0)
    brain = TextBrain(LLM(model)) if model else ScriptedBrain(script(task))
    async with DesktopPool(LocalXvfb, 1) as pool:
        return task, await GuiAgent(brain, pool.lease).run(task)


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--model", default="", help="a model in place of the script")
    model = options.parse_args(arguments).model

    task, episode = asyncio.run(play(model))
    print(f"brain:  {model or 'scripted'}\ntask:   {task.instruction}")
    for turn in episode.turns:
        print(f"        {turn.action}")
    print(f"result: {episode.outcome}, reward {episode.reward}")


if __name__ == "__main__":
    main()
