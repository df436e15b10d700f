"""kill -9 of a training in the middle, and the same training without: are the losses the same?

    python -m benchmarks.resume [--task sums] [--steps 12] [--kill 7] [--model smollm2] [--out DIR]

Runs the real command three times: whole, killed after so many steps, and resumed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--task", default="sums")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--kill", type=int, default=7, help="after so many steps")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/resume"))
    options = parser.parse_args()
    from tracegraph.policy.trainer.log import read

    # A number of threads is part of what makes sums the same.
    variables = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}

    def command(name: str, *more: str) -> list[str]:
        return [
            str(Path(sys.executable).with_name("tracegraph")), "train", "policy",
            "--task", options.task, "--model", options.model, "--steps", str(options.steps),
            "--out", str(options.out / name), "--json", *more,
        ]  # fmt: skip

    def steps(name: str) -> list[dict[str, Any]]:
        lines = read(options.out / name / "log.jsonl")
        return [line for line in lines if line["event"] == "step"]

    subprocess.run(command("whole"), check=True, env=variables, stdout=subprocess.DEVNULL)
    with subprocess.Popen(command("cut"), env=variables, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and len(steps("cut")) < options.kill:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    killed = len(steps("cut"))
    subprocess.run(command("cut", "--resume"), check=True, env=variables, stdout=subprocess.DEVNULL)
    print(f"{options.model}, {options.task}: killed after {killed} of {options.steps} steps")
    print("| step | loss, whole | loss, killed and resumed | same |")
    print("|---|---|---|---|")
    for one, other in zip(steps("whole"), steps("cut"), strict=True):
        measured = [
            {k: v for k, v in line.items() if not k.endswith("seconds")} for line in (one, other)
        ]
        print(
            f"| {one['step']} | {one.get('loss', 0.0):+.9f} | {other.get('loss', 0.0):+.9f} | "
            f"{'yes' if measured[0] == measured[1] else 'NO'} |"
        )


if __name__ == "__main__":
    main()
