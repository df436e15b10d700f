"""Tasks in a text editor (mousepad)."""

from __future__ import annotations

from random import Random

from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.draft import (
    HOME,
    Draft,
    Json,
    files,
    keys,
    pause,
    retype,
    save_as,
    step,
    text_file,
    write,
)  # fmt: skip

APPS = ("mousepad",)


def _opened(rng: Random, lines: list[str]) -> tuple[str, list[Json]]:
    path = f"{HOME}/Documents/{words.stem(rng)}.txt"
    return path, [files({path: "".join(f"{line}\n" for line in lines)}), step("open", path=path)]


def _edited(
    rng: Random, lines: list[str], instruction: str, after: list[str], **told: object
) -> Draft:
    path, config = _opened(rng, lines)
    text = "".join(f"{line}\n" for line in after)
    return Draft(
        f"{instruction} The file {path} is open in the editor. Save it.",
        text_file(path, after), config, retype(text), APPS, **told,  # type: ignore[arg-type]
    )  # fmt: skip


def append_line(rng: Random) -> Draft:
    """A line at the end of an open file."""
    lines = words.several(rng, words.SENTENCES, 3)
    new = f"Call {rng.choice(words.PEOPLE)} about the {rng.choice(words.THINGS)}."
    path, config = _opened(rng, lines)
    oracle = [*keys("ctrl+end"), write(f"{new}\n"), *keys("ctrl+s"), pause()]
    return Draft(
        f"Add the line '{new}' at the end of {path}, which is open in the editor, and save it.",
        text_file(path, [*lines, new]), config, oracle, APPS,
    )  # fmt: skip


def first_line(rng: Random) -> Draft:
    """A title above an open text."""
    lines = words.several(rng, words.SENTENCES, 3)
    title = f"Notes on the {rng.choice(words.TOPICS)}"
    path, config = _opened(rng, lines)
    oracle = [*keys("ctrl+home"), write(f"{title}\n"), *keys("ctrl+s"), pause()]
    return Draft(
        f"Put the title '{title}' as a new first line into {path} (open in the editor) and save.",
        text_file(path, [title, *lines]), config, oracle, APPS,
    )  # fmt: skip


def replace_word(rng: Random) -> Draft:
    """One word for another, everywhere."""
    old, new, *others = words.several(rng, words.THINGS, 5)
    lines = [f"{rng.randrange(2, 50)} {rng.choice([old, *others])} for {p}"
             for p in words.several(rng, words.PEOPLE, 5)]  # fmt: skip
    lines.insert(rng.randrange(5), f"all the {old} are in the shed, no {old} in the house")
    after = [line.replace(old, new) for line in lines]
    told = f"Replace every '{old}' with '{new}'."
    return _edited(rng, lines, told, after, level="medium")


def delete_line(rng: Random) -> Draft:
    """A line away, the rest as it was."""
    people = words.several(rng, words.PEOPLE, 5)
    lines = [f"{person}: {rng.choice(words.THINGS)}" for person in people]
    gone = rng.randrange(5)
    after = [line for number, line in enumerate(lines) if number != gone]
    return _edited(rng, lines, f"Delete the whole line of {people[gone]}.", after)


def sort_lines(rng: Random) -> Draft:
    """Lines in the order of the alphabet."""
    lines = words.several(rng, words.PLACES, 6)
    lines = lines if lines != sorted(lines) else lines[::-1]
    return _edited(rng, lines, "Sort the lines alphabetically.", sorted(lines), level="medium")


def correct(rng: Random) -> Draft:
    """Misspelled words put right."""
    # A word and a part of it with what stands in its place.
    slips = [("separate", "par", "per"), ("necessary", "c", "cc"), ("beginning", "nn", "n"),
             ("address", "dd", "d"), ("tomorrow", "m", "mm"), ("received", "ei", "ie")]  # fmt: skip
    right = [word for word, _, _ in slips]
    wrong = [word.replace(part, other, 1) for word, part, other in slips]
    picked = rng.sample(range(len(slips)), 3)
    before = [f"{n + 1}. The word {wrong[i]} is in this line." for n, i in enumerate(picked)]
    after = [f"{n + 1}. The word {right[i]} is in this line." for n, i in enumerate(picked)]
    told = "Three words are misspelled; correct them and change nothing else."
    return _edited(rng, before, told, after, level="medium")


def number_lines(rng: Random) -> Draft:
    """A number before every line."""
    lines = words.several(rng, words.PLACES, 7)
    after = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
    told = "Number the lines: put '1. ' before the first, '2. ' before the second, and so on."
    return _edited(rng, lines, told, after, level="long", steps=30)


def new_file(rng: Random) -> Draft:
    """A new text under a given name."""
    path = f"{HOME}/Documents/{words.stem(rng)}.txt"
    lines = [f"To: {rng.choice(words.PEOPLE)}", rng.choice(words.SENTENCES)]
    text = "".join(f"{line}\n" for line in lines)
    oracle = [write(text), *save_as(path)]
    return Draft(
        f"An empty editor is open. Write two lines, '{lines[0]}' and '{lines[1]}', and save them "
        f"as {path}.",
        text_file(path, lines), [step("launch", command=["mousepad"])], oracle, APPS,
        level="medium",
    )  # fmt: skip


def merge(rng: Random) -> Draft:
    """Two files joined into a third."""
    one, two = words.several(rng, words.SENTENCES, 2)
    paths = [f"{HOME}/Documents/{name}.txt" for name in ("first", "second")]
    target = f"{HOME}/Documents/{words.stem(rng)}.txt"
    config = [files({paths[0]: f"{one}\n", paths[1]: f"{two}\n"}), step("open", path=paths[0]),
              step("open", path=paths[1])]  # fmt: skip
    oracle = [*keys("ctrl+n"), pause(), write(f"{one}\n{two}\n"), *save_as(target)]
    return Draft(
        f"{paths[0]} and {paths[1]} are open in the editor, one line each. Make a third file, "
        f"{target}, with the line of the first and below it the line of the second.",
        text_file(target, [one, two]), config, oracle, APPS, level="long", steps=30,
    )  # fmt: skip


FAMILIES = (append_line, first_line, replace_word, delete_line, sort_lines, correct, number_lines,
            new_file, merge)  # fmt: skip
