"""Tasks with files and folders (pcmanfm)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.draft import (
    HOME,
    Draft,
    Json,
    files,
    pause,
    run,
    shell,
    step,
)  # fmt: skip

APPS = ("pcmanfm",)
_LIST = "cd '{}' && find . -mindepth 1 -not -name '.*' | LC_ALL=C sort"


def _shown(contents: Mapping[str, str | bytes], folder: str) -> list[Json]:
    return [files(contents), step("launch", command=["pcmanfm", folder])]


def _listing(folder: str, names: list[str]) -> Json:
    return shell("".join(f"./{name}\n" for name in sorted(names)), _LIST.format(folder))


def new_folder(rng: Random) -> Draft:
    """A folder in a folder."""
    name = f"{rng.choice(words.PLACES)} {rng.randrange(2020, 2030)}"
    path = f"{HOME}/Documents/{name}"
    return Draft(
        f"Create a folder called '{name}' in {HOME}/Documents, which the file manager shows.",
        shell("yes\n", f"test -d '{path}' && echo yes || echo no"),
        [step("launch", command=["pcmanfm", f"{HOME}/Documents"])], [run("mkdir", path)], APPS,
    )  # fmt: skip


def rename(rng: Random) -> Draft:
    """A file under another name."""
    folder = f"{HOME}/Documents"
    old, new = f"{words.stem(rng)}.txt", f"final-{words.stem(rng)}.txt"
    other = f"other-{words.stem(rng)}.txt"
    text = rng.choice(words.SENTENCES)
    config = _shown({f"{folder}/{old}": text, f"{folder}/{other}": "x"}, folder)
    check = shell(text, f"test ! -e '{folder}/{old}' && cat '{folder}/{new}'")
    return Draft(
        f"Rename the file {old} in {folder} to {new}.", check, config,
        [run("mv", f"{folder}/{old}", f"{folder}/{new}")], APPS,
    )  # fmt: skip


def sort_out(rng: Random) -> Draft:
    """Files of a kind into a folder."""
    folder = f"{HOME}/Documents"
    ending = rng.choice(["txt", "md", "log"])
    stems = words.several(rng, words.PLACES, 6)
    chosen = [f"{name}.{ending}" for name in stems[:3]]
    rest = [f"{name}.dat" for name in stems[3:]]
    config = _shown({f"{folder}/{name}": name for name in (*chosen, *rest)}, folder)
    target = rng.choice(words.TOPICS)
    names = [*rest, target, *(f"{target}/{name}" for name in chosen)]
    oracle = [
        run("mkdir", f"{folder}/{target}"),
        run("mv", *(f"{folder}/{name}" for name in chosen), f"{folder}/{target}"),
    ]
    return Draft(
        f"In {folder}, make a folder '{target}' and move all .{ending} files into it.",
        _listing(folder, names), config, oracle, APPS, level="medium", steps=20,
    )  # fmt: skip


def delete(rng: Random) -> Draft:
    """Some files away, the others kept."""
    folder = f"{HOME}/Downloads"
    stems = words.several(rng, words.THINGS, 6)
    gone = [f"{name}.bak" for name in stems[:2]]
    kept = [f"{name}.csv" for name in stems[2:]]
    config = _shown({f"{folder}/{name}": name for name in (*gone, *kept)}, folder)
    return Draft(
        f"Delete the .bak files in {folder}; keep the others.", _listing(folder, kept), config,
        [run("rm", *(f"{folder}/{name}" for name in gone))], APPS,
    )  # fmt: skip


def copy_folder(rng: Random) -> Draft:
    """A folder with what is in it, twice."""
    name = rng.choice(words.TOPICS)
    inside = [f"{thing}.txt" for thing in words.several(rng, words.THINGS, 3)]
    source, target = f"{HOME}/Documents/{name}", f"{HOME}/Desktop/{name}"
    config = _shown({f"{source}/{one}": one for one in inside}, f"{HOME}/Documents")
    check = shell("same\n", f"diff -r '{source}' '{target}' > /dev/null && echo same")
    return Draft(
        f"Copy the folder {source} with everything in it to {HOME}/Desktop.", check, config,
        [run("cp", "-r", source, target)], APPS, level="medium",
    )  # fmt: skip


def tidy(rng: Random) -> Draft:
    """A folder for each kind of file."""
    folder = f"{HOME}/Downloads"
    stems = words.several(rng, words.PLACES, 6)
    groups = {"texts": "txt", "tables": "csv", "pages": "html"}
    placed = dict(zip(stems, list(groups) * 2, strict=True))
    start = {f"{folder}/{name}.{groups[group]}": name for name, group in placed.items()}
    names = [*groups, *(f"{group}/{name}.{groups[group]}" for name, group in placed.items())]
    oracle = [run("mkdir", *(f"{folder}/{group}" for group in groups))]
    oracle += [run("mv", f"{folder}/{name}.{groups[group]}", f"{folder}/{group}/")
               for name, group in placed.items()]  # fmt: skip
    told = ", ".join(f"all .{ending} files into '{group}'" for group, ending in groups.items())
    return Draft(
        f"Tidy up {folder}: make the folders needed and move {told}.", _listing(folder, names),
        _shown(start, folder), [*oracle, pause(0.2)], APPS, level="long", steps=40,
    )  # fmt: skip


FAMILIES = (new_folder, rename, sort_out, delete, copy_folder, tidy)
