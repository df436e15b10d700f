"""Tasks in LibreOffice Calc and Writer."""

from __future__ import annotations

from random import Random
from typing import Any

from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.draft import (
    HOME,
    Draft,
    Json,
    all_of,
    cells,
    document,
    files,
    keys,
    pause,
    same_document,
    same_table,
    save_in_office,
    step,
    workbook,
    write,
)  # fmt: skip

CALC, WRITER = ("libreoffice_calc",), ("libreoffice_writer",)
Rows = list[list[Any]]
_KEEP = "Keep the Excel format."


def _sheet(rng: Random, rows: Rows) -> tuple[str, list[Json]]:
    path = f"{HOME}/Documents/{words.stem(rng)}.xlsx"
    return path, [files({path: workbook(rows)}), step("open", path=path)]


def _stock(rng: Random, count: int = 5) -> Rows:
    things = words.several(rng, words.THINGS, count)
    return [["Thing", "Amount", "Price"],
            *([thing, rng.randrange(2, 90), rng.randrange(1, 40)] for thing in things)]  # fmt: skip


def _calculated(
    rng: Random, rows: Rows, told: str, after: Rows, solution: tuple[str, Rows], **more: Any
) -> Draft:
    path, config = _sheet(rng, rows)
    oracle = cells(*solution)
    return Draft(
        f"In the spreadsheet {path}, which is open, {told} Save it. {_KEEP}",
        same_table(path, after), config, [*oracle, *save_in_office()], CALC, **more,
    )  # fmt: skip


def set_cell(rng: Random) -> Draft:
    """One value in one cell."""
    rows = _stock(rng)
    number, value = rng.randrange(1, 6), rng.randrange(100, 900)
    after = [list(row) for row in rows]
    after[number][1] = value
    told = f"change the amount of {rows[number][0]} to {value}."
    return _calculated(rng, rows, told, after, (f"B{number + 1}", [[value]]))


def total(rng: Random) -> Draft:
    """The sum below a column."""
    rows = _stock(rng)
    after = [*rows, ["Total", sum(row[1] for row in rows[1:])]]
    told = "write 'Total' into A7 and the sum of the amounts into B7."
    return _calculated(rng, rows, told, after, ("A7", [["Total", "=SUM(B2:B6)"]]))


def products(rng: Random) -> Draft:
    """A column made from two others."""
    rows = _stock(rng)
    after = [[*rows[0], "Value"], *([*row, row[1] * row[2]] for row in rows[1:])]
    told = "add a column 'Value' in column D with amount times price for every thing."
    column = [["Value"], *([f"=B{n}*C{n}"] for n in range(2, 7))]
    return _calculated(rng, rows, told, after, ("D1", column), level="medium", steps=20)


def statistics(rng: Random) -> Draft:
    """Average, least and most of a column."""
    rows = _stock(rng, 8)
    for row in rows[1:]:
        row[1] = 8 * rng.randrange(1, 40)
    amounts = [row[1] for row in rows[1:]]
    labels = [("Average", sum(amounts) / 8, "AVERAGE"), ("Least", min(amounts), "MIN"),
              ("Most", max(amounts), "MAX")]  # fmt: skip
    after = [list(row) for row in rows]
    typed = [[label, f"={function}(B2:B9)"] for label, _, function in labels]
    for number, (label, value, _) in enumerate(labels):
        after[number] += [None, label, value]
    told = (
        "write the labels Average, Least and Most into E1 to E3, and beside them, in F1 to F3, "
        "these figures of the amounts."
    )
    return _calculated(rng, rows, told, after, ("E1", typed), level="medium", steps=20)


def add_rows(rng: Random) -> Draft:
    """New rows below a table."""
    rows = _stock(rng, 4)
    free = [thing for thing in words.THINGS if thing not in {row[0] for row in rows}]
    new = [[t, rng.randrange(2, 90), rng.randrange(1, 40)] for t in rng.sample(free, 2)]
    told = "add two rows below the table: " + " and ".join(
        f"{thing} with amount {amount} and price {price}" for thing, amount, price in new
    )
    return _calculated(rng, rows, f"{told}.", [*rows, *new], ("A6", new), level="medium", steps=20)


def order(rng: Random) -> Draft:
    """A table in order."""
    rows = _stock(rng, 6)
    for row, amount in zip(rows[1:], rng.sample(range(2, 90), 6), strict=True):
        row[1] = amount
    ordered = sorted(rows[1:], key=lambda row: -row[1])
    if ordered == rows[1:]:
        rows[1:] = rows[:0:-1]
    after = [rows[0], *ordered]
    told = "sort the rows by amount, the largest first; the headings stay on top."
    return _calculated(rng, rows, told, after, ("A2", ordered), level="long", steps=30)


def _document(rng: Random, paragraphs: list[str]) -> tuple[str, list[Json]]:
    path = f"{HOME}/Documents/{words.stem(rng)}.docx"
    return path, [files({path: document(paragraphs)}), step("open", path=path)]


def _written(
    rng: Random, paragraphs: list[str], told: str, check: Any, oracle: list[Json], **more: Any
) -> Draft:
    path, config = _document(rng, paragraphs)
    return Draft(
        f"In the document {path}, which is open, {told} Save it. Keep the Word format.",
        check(path), config, [*oracle, *save_in_office()], WRITER, **more,
    )  # fmt: skip


def add_paragraph(rng: Random) -> Draft:
    """A paragraph at the end."""
    *texts, new = words.several(rng, words.SENTENCES, 4)
    return _written(
        rng, texts, f"add a paragraph at the end: '{new}'",
        lambda path: same_document(path, [*texts, new]),
        [pause(1.5), *keys("ctrl+end"), write(f"\n{new}")],
    )  # fmt: skip


def rewrite(rng: Random) -> Draft:
    """A name changed everywhere."""
    old, new = words.several(rng, words.PEOPLE, 2)
    texts = [f"{old} wrote: {text}" for text in words.several(rng, words.SENTENCES, 3)]
    after = [text.replace(old, new) for text in texts]
    return _written(
        rng, texts, f"replace the name {old} with {new} everywhere.",
        lambda path: same_document(path, after),
        [pause(1.5), *keys("ctrl+a"), write("\n".join(after))], level="medium",
    )  # fmt: skip


def center_title(rng: Random) -> Draft:
    """The first line in the middle."""
    texts = [f"The {rng.choice(words.TOPICS)}", *words.several(rng, words.SENTENCES, 2)]

    def check(path: str) -> Json:
        centered = {"func": "is_first_line_centered", "result": {"type": "vm_file", "path": path}}
        return all_of(centered, same_document(path, texts))

    told = "center the first line."
    return _written(rng, texts, told, check, [pause(1.5), *keys("ctrl+home", "ctrl+e")])


def page_break(rng: Random) -> Draft:
    """A new page before a paragraph."""
    texts = words.several(rng, words.SENTENCES, 3)

    def check(path: str) -> Json:
        broken = {
            "func": "contains_page_break",
            "result": {"type": "vm_file", "path": path},
            "expected": {"type": "rule", "rules": {"page_break_count": 1}},
        }
        return all_of(broken, same_document(path, texts))

    oracle = [pause(1.5), *keys("ctrl+end", "home", "ctrl+enter")]
    told = "put a page break before the last paragraph, so that it begins on a new page."
    return _written(rng, texts, told, check, oracle, level="medium")


FAMILIES = (set_cell, total, products, statistics, add_rows, order, add_paragraph, rewrite,
            center_title, page_break)  # fmt: skip
