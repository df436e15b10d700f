"""Tasks of one or two steps, which a small model can do."""

from __future__ import annotations

from random import Random

from tracegraph.envs.desktop.tasks.own import words
from tracegraph.envs.desktop.tasks.own.browser import browse, page
from tracegraph.envs.desktop.tasks.own.draft import (
    HOME,
    Draft,
    Json,
    files,
    keys,
    pause,
    shell,
    step,
    text_file,
    write,
)  # fmt: skip

_STEPS = 8


def _named(xpath: str) -> Json:
    """Return the evaluator that wants an element on the screen."""
    return {
        "func": "check_accessibility_tree",
        "result": {"type": "accessibility_tree"},
        "expected": {"type": "rule", "rules": [{"xpath": xpath}]},
    }


def note(rng: Random) -> Draft:
    """A text into an empty file."""
    path = f"{HOME}/Documents/{words.stem(rng)}.txt"
    text = f"Buy {rng.randrange(2, 20)} {rng.choice(words.THINGS)}"
    return Draft(
        f"Write '{text}' into the empty file that is open in the editor, and save it.",
        text_file(path, [text]), [files({path: ""}), step("open", path=path)],
        [write(text), *keys("ctrl+s"), pause()], ("mousepad",), steps=_STEPS,
    )  # fmt: skip


def save(rng: Random) -> Draft:
    """A change that is there already, saved."""
    path = f"{HOME}/Documents/{words.stem(rng)}.txt"
    line, new = words.several(rng, words.SENTENCES, 2)
    config = [files({path: f"{line}\n"}), step("open", path=path), *keys("ctrl+end"), write(new)]
    return Draft(
        f"The file {path}, which is open in the editor, was changed. Save it.",
        text_file(path, [line, new]), config,
        [*keys("ctrl+s"), pause()], ("mousepad",), steps=_STEPS,
    )  # fmt: skip


def command(rng: Random) -> Draft:
    """A command that is given, in a terminal."""
    name = words.stem(rng)
    told, test = rng.choice([(f"mkdir {name}", "-d"), (f"touch {name}", "-f")])
    return Draft(
        f"Run the command '{told}' in the open terminal.",
        shell("yes\n", f"test {test} {HOME}/{name} && echo yes || echo no"),
        [step("launch", command=["xterm"])], [write(f"{told}\n"), pause()], ("xterm",),
        steps=_STEPS,
    )  # fmt: skip


def open_folder(rng: Random) -> Draft:
    """A folder opened in the file manager."""
    names = words.several(rng, words.TOPICS, 3)
    config = [
        files({f"{HOME}/Documents/{name}/note.txt": name for name in names}),
        step("launch", command=["pcmanfm", f"{HOME}/Documents"]),
    ]
    return Draft(
        f"Open the folder '{names[0]}' in the file manager, with a double click.",
        _named(f"//application[@name='pcmanfm']/*[@name='{names[0]}']"), config,
        [write(names[0]), pause(0.5), *keys("enter"), pause()], ("pcmanfm",), steps=_STEPS,
    )  # fmt: skip


def press(rng: Random) -> Draft:
    """A button of a page pressed."""
    names = words.several(rng, words.PLACES, 3)
    wanted = rng.randrange(3)
    title = rng.choice(words.TOPICS).title()
    body = "".join(
        f"<p><button onclick=\"document.title='Chosen: {name}'\">{name}</button></p>"
        for name in names
    )
    path = f"{HOME}/pages/choice.html"
    return Draft(
        f"Click the button '{names[wanted]}' on the page that is open in the browser.",
        _named(f"//*[starts-with(@name, 'Chosen: {names[wanted]}')]"),
        [files({path: page(title, body)}), *browse(path, title)],
        [pause(), *keys(*["tab"] * (wanted + 1)), *keys("enter"), pause()], ("chromium",),
        steps=_STEPS,
    )  # fmt: skip


FAMILIES = (note, save, command, open_folder, press)
