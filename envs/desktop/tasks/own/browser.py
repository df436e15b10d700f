"""Tasks in a browser (chromium) with pages from files."""

from __future__ import annotations

import html
from random import Random

from tracegraph.envs.desktop.tasks.browser import CHROMIUM
from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.draft import (
    HOME,
    Draft,
    Json,
    files,
    keys,
    pause,
    step,
    text_file,
    write,
)

APPS = ("chromium",)
_FOLDER = f"{HOME}/pages"
# A page that saves its form as a text file among the downloads, one line a field.
_FORM = """<!doctype html><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>
<form id="form">{fields}<p><button type="submit">Save</button></p></form><p id="said"></p>
<script>
document.getElementById("form").addEventListener("submit", event => {{
  event.preventDefault();
  const lines = [...new FormData(event.target)].map(([name, value]) => name + "=" + value);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\\n") + "\\n"]));
  link.download = "{file}";
  link.click();
  document.getElementById("said").textContent = "Saved.";
}});
</script>"""


def page(title: str, body: str) -> str:
    """Return a page."""
    return (
        f'<!doctype html><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<h1>{html.escape(title)}</h1>{body}"
    )


def browse(path: str, title: str) -> list[Json]:
    """Return the steps that open a page in the browser and wait until it is there."""
    return [
        step("launch", command=[*CHROMIUM, f"file://{path}"]),
        step("activate_window", window_name=title),
    ]


def order_form(rng: Random) -> Draft:
    """A short form filled in."""
    person, place = rng.choice(words.PEOPLE), rng.choice(words.PLACES)
    file = f"{words.stem(rng)}.txt"
    fields = "".join(
        f'<p><label>{name} <input name="{name.lower()}"{more}></label></p>'
        for name, more in (("Name", " autofocus"), ("City", ""))
    )
    path = f"{_FOLDER}/form.html"
    config = [
        files({path: _FORM.format(title="Order", fields=fields, file=file)}),
        *browse(path, "Order"),
    ]
    oracle = [pause(), write(f"{person}\t{place}"), *keys("enter"), pause(2)]
    return Draft(
        f"Fill in the form in the browser: name {person}, city {place}; then press its button "
        "Save.",
        text_file(f"{HOME}/Downloads/{file}", [f"name={person}", f"city={place}"]), config,
        oracle, APPS,
    )  # fmt: skip


def long_form(rng: Random) -> Draft:
    """A form with a choice and a box to tick."""
    person, thing = rng.choice(words.PEOPLE), rng.choice(words.THINGS)
    amount = rng.randrange(2, 40)
    sizes = ["small", "medium", "large"]
    size = rng.choice(sizes[1:])
    file = f"{words.stem(rng)}.txt"
    options = "".join(f"<option>{one}</option>" for one in sizes)
    fields = (
        '<p><label>Name <input name="name" autofocus></label></p>'
        '<p><label>Thing <input name="thing"></label></p>'
        '<p><label>Amount <input name="amount" type="number"></label></p>'
        f'<p><label>Size <select name="size">{options}</select></label></p>'
        '<p><label><input type="checkbox" name="express" value="yes"> Express</label></p>'
    )
    path = f"{_FOLDER}/order.html"
    config = [
        files({path: _FORM.format(title="Order", fields=fields, file=file)}),
        *browse(path, "Order"),
    ]
    oracle = [
        pause(), write(f"{person}\t{thing}\t{amount}\t{size[0]}\t "), *keys("tab", "enter"),
        pause(2),
    ]  # fmt: skip
    lines = [f"name={person}", f"thing={thing}", f"amount={amount}", f"size={size}",
             "express=yes"]  # fmt: skip
    return Draft(
        f"Order in the browser: name {person}, {amount} {thing}, size {size}, express; then press "
        "Save.",
        text_file(f"{HOME}/Downloads/{file}", lines), config, oracle, APPS, level="medium",
        steps=20,
    )  # fmt: skip


def bookmark(rng: Random) -> Draft:
    """A page among the bookmarks."""
    topic = rng.choice(words.TOPICS)
    path = f"{_FOLDER}/{topic}.html"
    check = {
        "func": "check_list",
        "result": {
            "type": "vm_command_line",
            "command": ["sh", "-c", f"cat {HOME}/.config/*/Default/Bookmarks"],
        },
        "expected": {"type": "rule", "rules": {"expect": [f'"url": "file://{path}"']}},
        "postconfig": [step("sleep", seconds=2)],
    }
    config = [
        files({path: page(f"The {topic}", f"<p>{words.SENTENCES[0]}</p>")}),
        *browse(path, f"The {topic}"),
    ]
    return Draft(
        "Bookmark the page that the browser shows.", check, config,
        [pause(), *keys("ctrl+d"), pause(), *keys("enter"), pause(4)], APPS,
    )  # fmt: skip


def follow(rng: Random) -> Draft:
    """A file behind two links."""
    first, second, *_ = chosen = words.several(rng, words.PLACES, 4)
    file, text = f"{words.stem(rng)}.csv", f"{second},{rng.randrange(1000)}\n"

    def links(names: list[str]) -> str:
        return "".join(f'<p><a href="{name}.html">{name}</a></p>' for name in names)

    listed = rng.sample(chosen, 4)
    pages: dict[str, str | bytes] = {
        f"{_FOLDER}/{name}.html": page(name, "<p>Nothing here.</p>") for name in chosen
    }
    pages[f"{_FOLDER}/index.html"] = page("Places", links(listed))
    pages[f"{_FOLDER}/{first}.html"] = page(first, links([second]))
    pages[f"{_FOLDER}/{second}.html"] = page(
        second, f'<p><a href="data:text/csv,{text.strip()}%0A" download="{file}">Table</a></p>'
    )
    tabs = ["tab"] * (listed.index(first) + 1)
    oracle = [
        pause(), *keys(*tabs, "enter"), pause(2), *keys("tab", "enter"), pause(2),
        *keys("tab", "enter"), pause(2),
    ]  # fmt: skip
    return Draft(
        f"In the browser, follow the link {first}, there the link {second}, and download the "
        "table behind the link Table.",
        text_file(f"{HOME}/Downloads/{file}", [text.strip()]),
        [files(pages), *browse(f"{_FOLDER}/index.html", "Places")], oracle, APPS,
        level="medium", steps=20,
    )  # fmt: skip


FAMILIES = (order_form, long_form, bookmark, follow)
