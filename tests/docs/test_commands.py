"""Every command that README and docs show exists: its subcommands, options, files, extras."""

import importlib.util
import re
import shlex
import tomllib

import pytest
import typer

from tests.docs.snippets import PAGES, ROOT, commands, name_of
from tracegraph.cli.main import app

CLI = typer.main.get_command(app)
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
ELLIPSIS = "…"


def fault(line: str) -> str:
    """Return what is wrong with a command line, or ""."""
    words = shlex.split(line, comments=True)
    while re.fullmatch(r"\w+=\S+", words[0]):
        words = words[1:]
    if "<" in words or "|" in words or ">" in words:
        cut = min(words.index(sign) for sign in "<|>" if sign in words)
        words = words[:cut]
    program, *rest = words
    return {"tracegraph": cli, "python": script, "pytest": paths, "make": target, "pip": extra}[
        program
    ](rest)


def cli(words: list[str]) -> str:
    command = CLI
    while words and hasattr(command, "commands"):
        if words[0] in command.commands:
            command, words = command.commands[words[0]], words[1:]
        elif words[0].startswith("-") or words[0] in (ELLIPSIS, "COMMAND"):
            break
        elif "start" in command.commands:  # `tracegraph serve MODEL`
            command = command.commands["start"]
        else:
            return f"no command {words[0]}"
    ctx = typer.Context(command, info_name="x")
    options = {name: each for each in command.get_params(ctx) for name in each.opts}
    options |= {name: each for each in command.get_params(ctx) for name in each.secondary_opts}
    room = sum(1 if p.nargs == 1 else 99 for p in command.params if p.param_type_name == "argument")
    rest = iter(words)
    for word in rest:
        if word == ELLIPSIS:
            break
        if word.startswith("-"):
            name, given, _ = word.partition("=")
            if name not in options:
                return f"no option {name}"
            if not given and not getattr(options[name], "is_flag", False):
                next(rest, "")
        else:
            room -= 1
    return "" if room >= 0 or hasattr(command, "commands") else "too many arguments"


def script(words: list[str]) -> str:
    if words[0] == "-m":
        if words[1].startswith("benchmarks"):
            file = ROOT / (words[1].replace(".", "/") + ".py")
            file = file if file.exists() else file.with_suffix("") / "__main__.py"
        elif importlib.util.find_spec(words[1].partition(".")[0]) is not None:
            return ""
        else:
            return f"no module {words[1]}"
        words = words[1:]
    elif words[0] == "-c":
        compile(words[1], "command", "exec")
        return ""
    else:
        file = ROOT / words[0]
    if not file.exists():
        return f"no file {file}"
    folder = file.parent.rglob("*.py") if file.name == "__main__.py" else [file]
    source = "".join(each.read_text(encoding="utf-8") for each in folder)
    for word in words[1:]:
        if word.startswith("--") and f'"{word.partition("=")[0]}"' not in source:
            return f"{file.name} has no option {word}"
    return ""


def paths(words: list[str]) -> str:
    missing = [w for w in words if w.startswith("tests") and not (ROOT / w).exists()]
    return f"no {missing}" if missing else ""


def target(words: list[str]) -> str:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return "" if re.search(rf"^{words[0]}:", makefile, re.MULTILINE) else f"no target {words[0]}"


def extra(words: list[str]) -> str:
    named = re.findall(r"tracegraph\[([\w,-]+)\]", " ".join(words))
    unknown = {one for names in named for one in names.split(",")} - set(EXTRAS)
    return f"no extra {unknown}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_of_a_page_exist(page):
    wrong = {line: found for line in commands(page) if (found := fault(line))}
    assert not wrong


def test_the_check_can_fail():
    assert fault("tracegraph optimise x.py") == "no command optimise"
    assert fault("tracegraph optimize x.py --dataset y") == "no option --dataset"
    assert fault("tracegraph approve last other") == "too many arguments"
    assert fault("python cookbook/00_none.py")
    assert fault("pip install 'tracegraph[nothing]'")
    assert fault("make nothing")
    assert not fault("tracegraph optimize x.py --data y.jsonl --budget minutes=12")


def test_many_are_checked():
    assert sum(len(commands(page)) for page in PAGES) > 150
