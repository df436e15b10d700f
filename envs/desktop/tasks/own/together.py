"""Tasks across applications: what one shows goes into another."""

from __future__ import annotations

from random import Random

from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.browser import browse, page
from tracegraph.envs.desktop.tasks.own.draft import (
    HOME,
    Draft,
    Json,
    cells,
    files,
    pause,
    retype,
    run,
    same_table,
    save_as,
    save_in_office,
    shell,
    step,
    text_file,
    workbook,
    write,
)

_ANSWER = f"{HOME}/Documents/answer.txt"
# Started first, so that the editor opened after it has the keyboard.
_EDITOR = [files({_ANSWER: ""}), step("open", path=_ANSWER)]


def calculation(rng: Random) -> Draft:
    """A calculator's result in a text file."""
    one, two, three = rng.randrange(100, 1000), rng.randrange(100, 1000), rng.randrange(10, 100)
    result = one * two - three
    return Draft(
        f"Work out {one} * {two} - {three} with the calculator and write the result, alone, into "
        f"{_ANSWER}, which is open in the editor. Save it.",
        text_file(_ANSWER, [str(result)]), [step("launch", command=["galculator"]), *_EDITOR],
        retype(f"{result}\n"), ("galculator", "mousepad"), level="medium", steps=25,
    )  # fmt: skip


def several_sums(rng: Random) -> Draft:
    """Three results, one a line."""
    pairs = [(rng.randrange(100, 1000), rng.randrange(11, 100)) for _ in range(3)]
    results = [str(one * two) for one, two in pairs]
    told = ", ".join(f"{one} * {two}" for one, two in pairs)
    return Draft(
        f"With the calculator, work out {told}, and write the results, one a line, in this order, "
        f"into {_ANSWER}, which is open in the editor. Save it.",
        text_file(_ANSWER, results), [step("launch", command=["galculator"]), *_EDITOR],
        retype("\n".join(results) + "\n"), ("galculator", "mousepad"), level="long", steps=40,
    )  # fmt: skip


def find_on_page(rng: Random) -> Draft:
    """A fact from a page in a text file."""
    people = words.several(rng, words.PEOPLE, 12)
    rows = [(p, rng.choice(words.PLACES), rng.randrange(100, 1000)) for p in people]
    asked = rng.choice(rows)
    table = "".join(f"<tr><td>{a}<td>{b}<td>{c}" for a, b, c in rows)
    path = f"{HOME}/pages/people.html"
    body = f"<table><tr><th>Name<th>City<th>Room{table}</table>"
    return Draft(
        f"The browser shows a table of people. Write the room number of {asked[0]}, alone, into "
        f"{_ANSWER}, which is open in the editor, and save it.",
        text_file(_ANSWER, [str(asked[2])]),
        [files({path: page("People", body)}), *browse(path, "People"), *_EDITOR],
        retype(f"{asked[2]}\n"), ("chromium", "mousepad"), level="medium", steps=20,
    )  # fmt: skip


def page_to_sheet(rng: Random) -> Draft:
    """A page's table in a spreadsheet."""
    rows = [[thing, rng.randrange(2, 99)] for thing in words.several(rng, words.THINGS, 4)]
    table = "".join(f"<tr><td>{a}<td>{b}" for a, b in rows)
    source, target = f"{HOME}/pages/stock.html", f"{HOME}/Documents/stock.xlsx"
    heads = ["Thing", "Amount"]
    body = f"<table><tr><th>Thing<th>Amount{table}</table>"
    return Draft(
        f"The browser shows a table of four things. Write them with their amounts into the "
        f"spreadsheet {target}, which is open and has only the headings. Save it as Excel file.",
        same_table(target, [heads, *rows]),
        [
            files({source: page("Stock", body), target: workbook([heads])}),
            *browse(source, "Stock"), step("open", path=target),
        ],
        [*cells("A2", rows), *save_in_office()], ("chromium", "libreoffice_calc"),
        level="long", steps=40,
    )  # fmt: skip


def sheet_to_note(rng: Random) -> Draft:
    """A figure of a spreadsheet in a text file."""
    rows = [(thing, rng.randrange(100, 999)) for thing in words.several(rng, words.THINGS, 7)]
    best = max(rows, key=lambda row: row[1])
    path = f"{HOME}/Documents/{words.stem(rng)}.xlsx"
    return Draft(
        f"Which thing has the largest amount in the spreadsheet {path}? It is open. Write its "
        f"name, alone, into {_ANSWER}, which is open in the editor, and save it.",
        text_file(_ANSWER, [best[0]]),
        [files({path: workbook([["Thing", "Amount"], *rows])}), step("open", path=path), *_EDITOR],
        retype(f"{best[0]}\n"), ("libreoffice_calc", "mousepad"), level="medium", steps=20,
    )  # fmt: skip


def listing(rng: Random) -> Draft:
    """The names of a folder's files in a text."""
    folder = f"{HOME}/{rng.choice(words.TOPICS)}"
    names = sorted(f"{thing}.txt" for thing in words.several(rng, words.THINGS, 5))
    config: list[Json] = [
        files({f"{folder}/{name}": name for name in names}),
        step("launch", command=["pcmanfm", folder]), *_EDITOR,
    ]  # fmt: skip
    return Draft(
        f"Write the names of the files in {folder}, one a line, in alphabetical order, into "
        f"{_ANSWER}, which is open in the editor, and save it.",
        text_file(_ANSWER, names), config, retype("\n".join(names) + "\n"),
        ("pcmanfm", "mousepad"), level="medium", steps=20,
    )  # fmt: skip


def script(rng: Random) -> Draft:
    """A program written in the editor and run in the terminal."""
    number, target = rng.randrange(20, 90), f"{HOME}/numbers.txt"
    path = f"{HOME}/Documents/count.sh"
    text = f"#!/bin/sh\nseq 1 {number} > {target}\n"
    oracle = [write(text), *save_as(path), run("sh", path), pause()]
    return Draft(
        f"In the open editor, write a shell script that writes the numbers from 1 to {number}, "
        f"one a line, into {target}. Save it as {path} and run it in the terminal.",
        shell(f"1\n{number}\n{number}\nyes\n",
              f"head -n1 {target}; tail -n1 {target}; wc -l < {target}; "
              f"grep -q {number} {path} && echo yes"),
        [step("launch", command=["xterm"]), step("launch", command=["mousepad"])], oracle,
        ("mousepad", "xterm"), level="long", steps=30,
    )  # fmt: skip


FAMILIES = (calculation, several_sums, find_on_page, page_to_sheet, sheet_to_note, listing, script)
