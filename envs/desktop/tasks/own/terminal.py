"""Tasks in a terminal (xterm)."""

from __future__ import annotations

from random import Random

from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.draft import (
    HOME,
    Draft,
    Json,
    all_of,
    files,
    pause,
    run,
    shell,
    step,
    text_file,
    write,
)  # fmt: skip

APPS = ("xterm",)
_TERMINAL = step("launch", command=["xterm"])


def _typed(*commands: str) -> list[Json]:
    return [*(write(f"{command}\n") for command in commands), pause()]


def count_lines(rng: Random) -> Draft:
    """How many lines of a log tell of errors."""
    path, target = f"{HOME}/{words.stem(rng)}.log", f"{HOME}/count.txt"
    lines = [f"{rng.choice(['INFO', 'ERROR', 'WARNING'])} {rng.choice(words.SENTENCES)}"
             for _ in range(60)]  # fmt: skip
    lines.append("ERROR the last one")
    number = sum(line.startswith("ERROR") for line in lines)
    return Draft(
        f"Count the lines of {path} that begin with ERROR and write the number, alone, into "
        f"{target}. A terminal is open.",
        text_file(target, [str(number)]), [files({path: "\n".join(lines) + "\n"}), _TERMINAL],
        _typed(f"grep -c ^ERROR {path} > {target}"), APPS,
    )  # fmt: skip


def make_executable(rng: Random) -> Draft:
    """A script that may run, and has run."""
    path, word = f"{HOME}/{words.stem(rng)}.sh", rng.choice(words.PLACES)
    script = f"#!/bin/sh\necho 'hello from {word}' > {HOME}/said.txt\n"
    check = all_of(
        shell("yes\n", f"test -x {path} && echo yes"),
        text_file(f"{HOME}/said.txt", [f"hello from {word}"]),
    )
    return Draft(
        f"Make the script {path} executable and run it. A terminal is open.", check,
        [files({path: script}), run("chmod", "644", path), _TERMINAL],
        _typed(f"chmod +x {path} && {path}"), APPS,
    )  # fmt: skip


def archive(rng: Random) -> Draft:
    """A folder as a compressed archive."""
    name = rng.choice(words.TOPICS)
    inside = sorted(f"{thing}.txt" for thing in words.several(rng, words.THINGS, 3))
    target = f"{HOME}/{name}.tar.gz"
    listed = "".join(f"{name}/{one}\n" for one in inside)
    check = shell(listed, f"tar tzf {target} | grep -v '/$' | sed 's#^\\./##' | LC_ALL=C sort")
    return Draft(
        f"Pack the folder {HOME}/{name} into the compressed archive {target}, so that its files "
        f"are stored as {name}/… A terminal is open in {HOME}.",
        check, [files({f"{HOME}/{name}/{one}": one for one in inside}), _TERMINAL],
        _typed(f"cd {HOME} && tar czf {name}.tar.gz {name}"), APPS, level="medium",
    )  # fmt: skip


def link(rng: Random) -> Draft:
    """A symbolic link."""
    path, target = f"{HOME}/Documents/{words.stem(rng)}.txt", f"{HOME}/Desktop/latest.txt"
    return Draft(
        f"Make {target} a symbolic link to {path}. A terminal is open.",
        shell(f"{path}\n", f"readlink -f {target}"), [files({path: "x"}), _TERMINAL],
        _typed(f"ln -s {path} {target}"), APPS,
    )  # fmt: skip


def replace_in_files(rng: Random) -> Draft:
    """A name changed in many files."""
    old, new = words.several(rng, words.PLACES, 2)
    folder = f"{HOME}/{rng.choice(words.TOPICS)}"
    names = [f"{thing}.conf" for thing in words.several(rng, words.THINGS, 5)]
    start = {f"{folder}/{n}": f"place={old}\nnumber={rng.randrange(99)}\n" for n in names}
    after = "".join(str(start[f"{folder}/{n}"]) for n in sorted(names)).replace(old, new)
    return Draft(
        f"In all .conf files of {folder}, replace {old} with {new}. A terminal is open.",
        shell(after, f"cd {folder} && LC_ALL=C cat *.conf"), [files({**start}), _TERMINAL],
        _typed(f"sed -i s/{old}/{new}/g {folder}/*.conf"), APPS, level="medium",
    )  # fmt: skip


def add_up(rng: Random) -> Draft:
    """The sum of a column."""
    path, target = f"{HOME}/{words.stem(rng)}.csv", f"{HOME}/sum.txt"
    rows = [(thing, rng.randrange(1, 500)) for thing in words.several(rng, words.THINGS, 12)]
    text = "thing,amount\n" + "".join(f"{thing},{amount}\n" for thing, amount in rows)
    return Draft(
        f"Add up the column 'amount' of {path} and write the sum, alone, into {target}. A "
        "terminal is open.",
        text_file(target, [str(sum(amount for _, amount in rows))]),
        [files({path: text}), _TERMINAL],
        _typed(f"awk -F, 'NR>1 {{s+=$2}} END {{print s}}' {path} > {target}"), APPS,
        level="medium",
    )  # fmt: skip


def backup(rng: Random) -> Draft:
    """Copies with a date, and a list of them."""
    names = sorted(f"{thing}.txt" for thing in words.several(rng, words.THINGS, 4))
    day = f"2026-0{rng.randrange(1, 10)}-1{rng.randrange(10)}"
    source, target = f"{HOME}/Documents", f"{HOME}/backup-{day}"
    check = all_of(
        shell("same\n", f"diff -r -x index.txt {source} {target} > /dev/null && echo same"),
        text_file(f"{target}/index.txt", names),
    )
    return Draft(
        f"Copy all .txt files of {source} into a new folder {target}, and write their names, "
        f"sorted, one a line, into {target}/index.txt (which does not list itself). A terminal "
        "is open.",
        check, [files({f"{source}/{name}": name for name in names}), _TERMINAL],
        _typed(f"mkdir {target}; cp {source}/*.txt {target}/; cd {source}",
               f"LC_ALL=C ls *.txt > {target}/index.txt"),
        APPS, level="long", steps=25,
    )  # fmt: skip


FAMILIES = (count_lines, make_executable, archive, link, replace_in_files, add_up, backup)
