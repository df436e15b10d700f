"""What is public: listed, there, documented, on a page, and all that docs and recipes use."""

import ast
import importlib
import json
import re
import sys

import pytest

from tests.docs.snippets import PAGES, ROOT, blocks, name_of

sys.path.insert(0, str(ROOT / "docs" / "site"))

from api import PACKAGES

# What stands behind commands, in a sandbox, or behind the face of another package.
INNER = re.compile(
    r"\.(cli|inside)(\.|$)|\.viewer\.|\.(encoders|selectors|osworld|benchmarks)$"
    r"|\.graph\.code$|\.models\.(local|vllm)$|\.optimizers\.sampling$|\.policy\.trainer$"
    r"|\.integrations$"
)
# A module whose every class is an action by its own name.
BY_NAME = {"tracegraph.envs.desktop.actions"}


def packages():
    homes = {"tracegraph": ROOT / "tracegraph"}
    homes |= {f"tracegraph.{name}": ROOT / name for name in ("agents", "envs", "prompts")}
    for package, home in homes.items():
        for file in sorted(home.rglob("__init__.py")):
            yield ".".join([package, *file.parent.relative_to(home).parts])


def loaded(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", [name for name in packages() if not INNER.search(name)])
def test_a_public_package_has_a_list_and_a_page(name):
    assert loaded(name).__all__, "a public package lists what is public"
    assert name in PACKAGES, "and has a page, which docs/site/api.py adds"


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_there_and_documented(name):
    module = loaded(name)
    assert module.__doc__
    listed = module.__all__
    assert len(set(listed)) == len(listed)
    assert not [each for each in listed if each.startswith("_") and each != "__version__"]
    for each in listed:
        found = getattr(module, each)
        ours = str(getattr(found, "__module__", "")).startswith("tracegraph")
        if ours and (isinstance(found, type) or hasattr(found, "__code__")):
            about = (found.__doc__ or "").strip()
            assert about, f"{each} has no docstring"
            # What dataclasses write by themselves says nothing.
            assert not about.startswith(f"{each}("), each


def test_the_first_face_is_small():
    module = importlib.import_module("tracegraph")
    assert len(module.__all__) <= 24
    assert set(module.__all__) <= set(dir(module))


def sources():
    """Yield the Python of the pages, recipes and notebooks, with where it stands."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "python":
                yield f"{name_of(page)}:{block.line}", block.text
    for file in sorted((ROOT / "cookbook").rglob("*.py")):
        yield file.name, file.read_text(encoding="utf-8")
    for file in sorted((ROOT / "cookbook").glob("*.ipynb")):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield file.name, "".join(cell["source"])


def is_public(module, name):
    if f"{module}.{name}" in PACKAGES or {module, f"{module}.{name}"} & BY_NAME:
        return True
    return module in PACKAGES and name in loaded(module).__all__


def test_docs_and_recipes_use_what_is_public():
    used = [
        (where, node.module, alias.name)
        for where, text in sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "tracegraph"
        for alias in node.names
    ]
    assert len(used) > 80
    assert not [each for each in used if not is_public(*each[1:])]


LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")


@pytest.mark.parametrize(
    "page", [*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md"))], ids=name_of
)
def test_links_of_a_page_lead_somewhere(page):
    made = re.compile(r"(^|/)(reference/)?(api|commands)(/|\.md)|decisions/index\.md")
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link for link in LINK.findall(text) if not made.search(link)]
    assert not [link for link in links if not (page.parent / link).exists()]
