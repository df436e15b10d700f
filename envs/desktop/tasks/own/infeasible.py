"""Tasks that cannot be done; saying so is what is right."""

from __future__ import annotations

from random import Random

from tracegraph.envs.desktop.tasks.browser import CHROMIUM
from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.draft import HOME, Draft, files, give_up, step

_CHECK = {"func": "infeasible"}


def missing_file(rng: Random) -> Draft:
    """A file that is not there."""
    present, absent = (f"{words.stem(rng)}-{side}.txt" for side in ("a", "b"))
    folder = f"{HOME}/Documents"
    return Draft(
        f"Make a copy of the file {absent} of {folder} on the desktop.", _CHECK,
        [files({f"{folder}/{present}": "x"}), step("launch", command=["pcmanfm", folder])],
        give_up("there is no such file"), ("pcmanfm",), level="medium",
    )  # fmt: skip


def missing_program(rng: Random) -> Draft:
    """A program that is not installed."""
    program = rng.choice(["GIMP", "Blender", "Audacity", "Inkscape"])
    return Draft(
        f"Open {program} and set its interface language to {rng.choice(['Czech', 'Danish'])}. Do "
        "not install anything.",
        _CHECK, [step("launch", command=["xterm"])], give_up("it is not installed"), ("xterm",),
        level="medium",
    )  # fmt: skip


def no_network(rng: Random) -> Draft:
    """A page of a network that is not there."""
    place = rng.choice(words.PLACES)
    return Draft(
        f"Look up today's weather in {place} on the web and write it into {HOME}/weather.txt. "
        "Do not invent it.",
        _CHECK, [step("launch", command=[*CHROMIUM, "about:blank"])],
        give_up("there is no network"), ("chromium",), level="medium",
    )  # fmt: skip


def no_such_feature(rng: Random) -> Draft:
    """Something that the application cannot do."""
    wanted = rng.choice(["translate the text into French", "read the text aloud",
                         "export the text as a video"])  # fmt: skip
    path = f"{HOME}/Documents/{words.stem(rng)}.txt"
    return Draft(
        f"Use the built-in function of the open editor (mousepad) to {wanted}.", _CHECK,
        [files({path: rng.choice(words.SENTENCES)}), step("open", path=path)],
        give_up("the editor has no such function"), ("mousepad",), level="medium",
    )  # fmt: skip


FAMILIES = (missing_file, missing_program, no_network, no_such_feature)
