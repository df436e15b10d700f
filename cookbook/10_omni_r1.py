"""Find what words are about in a video: moments from a look at the whole, masks from single frames.

Run it: python cookbook/10_omni_r1.py

The global system is scripted, its answer is written below; the video is rendered, encoded and
decoded, and a segmenter finds the colours in it. Needs: pip install 'tracegraph[video]'
"""

import asyncio
import tempfile
from pathlib import Path

import numpy as np

from tracegraph.agents.omni_r1 import ColourDetails, OmniR1, ScriptedGlobal
from tracegraph.envs.video.events import Event
from tracegraph.envs.video.scene import Mover, Scene
from tracegraph.envs.video.segments import FileSource, SegmentTask
from tracegraph.envs.video.writer import write_video

REQUEST = "the round thing that comes in late"
ANSWER = (
    "<think>A circle enters after two seconds.</think><answer>"
    '{"start_time": "00:04.00", "end_time": "00:04.00", "description": "the red circle"} '
    '{"start_time": "00:05.50", "end_time": "00:05.50", "description": "the red circle"}</answer>'
)


def film(path):
    """Write eight seconds: a red circle from two seconds on, a red cross, a blue circle."""
    movers = [
        Mover(Event("red", "cross", "left"), x=0.25, y=0.3),
        Mover(Event("blue", "circle", "up"), x=0.8, y=0.5, travel=0.2),
        Mover(Event("red", "circle", "right"), x=0.5, y=0.7, start=0.25),
    ]
    scene = Scene(movers, width=192, height=108, seed=5)
    drawn = [scene.draw(n / 16) for n in range(16)]
    write_video(path, ((n / 2, rgb) for n, (rgb, _) in enumerate(drawn)), rate=2)
    nothing = np.zeros((108, 192), bool)
    return [[masks.get("red circle", nothing) for _, masks in drawn]]


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.mp4"
        truth = film(path)
        task = SegmentTask("late", FileSource(str(path)), REQUEST, lambda: truth)
        agent = OmniR1(ScriptedGlobal({REQUEST: ANSWER}), ColourDetails())
        episode = asyncio.run(agent.run(task))
    think, find = episode.turns
    print(f"global system: scripted\nrequest: {REQUEST}\nlooked at: {think.action['queries']}")
    print(f"found: {find.observation['boxes']}")
    print(
        f"J {episode.rewards['J']:.2f}, F {episode.rewards['F']:.2f}, reward {episode.reward:.2f}"
    )


if __name__ == "__main__":
    main()
