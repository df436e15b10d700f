"""What users install: the wheel, the wheel made from the sdist, and the editable install."""

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build an sdist, a wheel from it, and a wheel from the tree."""
    out = tmp_path_factory.mktemp("dist")
    # What an earlier build left there would go into the wheel, also what is no longer in the tree.
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", str(out / "sdist"), str(ROOT))
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(out / "tree"), str(ROOT))
    return next(out.glob("sdist/*.whl")), next(out.glob("tree/*.whl"))


def names(wheel):
    return sorted(zipfile.ZipFile(wheel).namelist())


def test_nothing_is_installed_outside_of_tracegraph(built):
    tops = {name.split("/")[0] for name in names(built[0])}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tracegraph"}


def test_the_sdist_gives_the_same_wheel(built):
    from_sdist, from_tree = built
    assert names(from_sdist) == names(from_tree)


def test_every_module_prompt_and_template_travels(built):
    inside = set(names(built[1]))
    tracked = run("git", "ls-files", "tracegraph", "agents", "envs", "prompts", cwd=ROOT).split()
    missing = []
    for name in tracked:
        place = name if name.startswith("tracegraph/") else f"tracegraph/{name}"
        if place not in inside and not name.endswith("README.md"):
            missing.append(name)
    assert missing == []


def test_it_lives_beside_a_package_that_installs_agents(built, tmp_path):
    venv.create(tmp_path, with_pip=True)
    python = str(tmp_path / "bin" / "python")
    run(python, "-m", "pip", "install", "-q", "openai-agents")
    run(python, "-m", "pip", "install", "-q", "--no-deps", str(built[0]))
    code = """
import agents, tracegraph, tracegraph.agents, tracegraph.envs, tracegraph.prompts
from agents import Agent
assert "tracegraph" not in agents.__file__, agents.__file__
assert "tracegraph" in tracegraph.agents.__file__
assert Agent(name="a").name == "a"
x = tracegraph.node(1, trainable=True)
assert (x + 1).data == 2
print(tracegraph.__version__)
"""
    assert run(python, "-c", code, cwd=tmp_path).strip() == "0.1.0"


def test_the_editable_install_gives_the_same_imports(tmp_path):
    code = (
        "import tracegraph.agents, tracegraph.envs, tracegraph.prompts, tracegraph.graph.code;"
        "print(tracegraph.agents.__file__)"
    )
    where = run(sys.executable, "-c", code, cwd=tmp_path).strip()
    assert Path(where) == ROOT / "agents" / "__init__.py"
