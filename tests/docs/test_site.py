"""The site builds strictly, needs nothing from elsewhere, and shows all that is public."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "site"))

from api import PACKAGES  # noqa: E402

# What a browser would fetch: scripts, styles, pictures and frames, not what a reader may click.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=[\"']?(?:https?:)?//"
    r"|<link[^>]+rel=[\"']?(?:stylesheet|preload|icon)[^>]+href=[\"']?https?://"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet: warnings that are not shown are not counted, and strict would mean nothing.
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.slow
def test_it_builds_strictly_and_fetches_nothing(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        assert not FETCHED.search(page.read_text(encoding="utf-8")), page.name


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_shown(site, package):
    shown = (site / "reference" / "api" / f"{package}.html").read_text(encoding="utf-8")
    module = importlib.import_module(package)
    for name in set(module.__all__) - {"__version__"}:
        home = getattr(getattr(module, name), "__module__", "")
        if not home.startswith("tracegraph"):
            continue  # a name for a type of another package
        # Where a module has the name too, the object is shown under its module.
        assert f'id="{package}.{name}"' in shown or f'id="{home}.{name}"' in shown, name


@pytest.mark.slow
def test_doctests_are_shown_as_code(site):
    pages = (site / "reference" / "api").rglob("*.html")
    assert not [p.name for p in pages if "<blockquote" in p.read_text(encoding="utf-8")]


@pytest.mark.slow
def test_commands_are_read_from_the_command_line(site):
    shown = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for text in ("tracegraph optimize", "--budget", "tracegraph desktop lint-tasks"):
        assert text in shown


def test_settings_lists_every_variable_that_is_read():
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    read = {
        name
        for folder in ("tracegraph", "agents", "envs", "tests")
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\bTRACEGRAPH_[A-Z_]*[A-Z]\b", file.read_text(encoding="utf-8"))
    }
    listed = set(re.findall(r"\bTRACEGRAPH_[A-Z_]*[A-Z]\b", page))
    assert read == listed
