import subprocess
import sys

import tracegraph


def tracegraph_command(*args):
    code = "from tracegraph.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, check=False
    )


def test_help_teaches():
    done = tracegraph_command("--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert "--install-completion" in done.stdout


def test_no_arguments_show_the_help():
    done = tracegraph_command()
    assert "Usage" in done.stdout + done.stderr


def test_version():
    assert tracegraph_command("--version").stdout.strip() == f"tracegraph {tracegraph.__version__}"


def test_an_unknown_command_is_named():
    done = tracegraph_command("optimise")
    assert done.returncode == 2
    assert "optimise" in done.stderr


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['tracegraph', '--help']\n"
        "from tracegraph.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('litellm', 'pydantic', 'rich', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
