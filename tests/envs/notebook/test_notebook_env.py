"""NotebookEnv on a real kernel: what is shown, what is kept, how it ends."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest

from tracegraph.envs import EnvError, EvalError, Score
from tracegraph.envs.notebook import Answer, Cell, CellOutput, KernelPool, NotebookEnv, NotebookTask

pytestmark = pytest.mark.slow


async def run(env: NotebookEnv, code: str) -> CellOutput:
    return (await env.step(Cell(code))).observation


async def test_an_episode_is_a_valid_notebook_after_every_step(
    env: NotebookEnv, tmp_path: Path
) -> None:
    path = tmp_path / "episode.ipynb"
    for cell in (
        Cell("import pandas as pd\ndf = pd.read_csv('data/sales.csv')\ndf", "Look at it."),
        Cell("import matplotlib.pyplot as plt\nplt.plot(df['month'], df['amount'])\nplt.show()"),
        Cell("1 / 0"),
        Cell("print('half a pair: \\ud800')"),
    ):
        await env.step(cell)
        nbformat.validate(nbformat.read(path, 4))
    answered = await env.step(Answer("6", "It is clear."))
    assert answered.done
    written = nbformat.read(path, 4)
    nbformat.validate(written)
    kinds = [(c.cell_type, c.metadata.get("tags", [""])[0]) for c in written.cells]
    assert kinds == [
        ("markdown", "question"), ("markdown", "thought"), ("code", ""), ("code", ""), ("code", ""),
        ("code", ""), ("markdown", "thought"), ("markdown", "answer"),
    ]  # fmt: skip
    assert [c.execution_count for c in written.cells if c.cell_type == "code"] == [1, 2, 3, 4]
    with pytest.raises(EnvError, match="ended with an answer"):
        await env.step(Cell("1"))


async def test_the_notebook_on_disk_holds_a_cell_that_still_runs(
    env: NotebookEnv, tmp_path: Path
) -> None:
    step = asyncio.create_task(env.step(Cell("import time; time.sleep(1)")))
    await asyncio.sleep(0.5)
    now = nbformat.read(tmp_path / "episode.ipynb", 4)
    nbformat.validate(now)
    assert now.cells[-1].source.endswith("sleep(1)")
    assert now.cells[-1].outputs == []
    await step


async def test_tables_figures_and_errors_are_short_and_say_what_matters(env: NotebookEnv) -> None:
    table = await run(env, "import pandas as pd\npd.read_csv('data/sales.csv')")
    assert "DataFrame, 6 rows x 2 columns, 1 missing values" in table.text
    figure = await run(
        env, "import matplotlib.pyplot as plt\nplt.bar(['a', 'b'], [3, 4])\nplt.title('Sales')"
    )
    assert figure.figures[0].png.startswith(b"\x89PNG")
    assert "'Sales'" in figure.figures[0].summary
    assert "bars of height 3, 4" in figure.figures[0].summary
    await run(env, "def f(x):\n    y = 1\n    return x / 0")
    error = await run(env, "f(2)")
    assert error.status == "error"
    assert error.error == "ZeroDivisionError: division by zero"
    assert error.text.splitlines() == [
        "cell 4, line 1:", "  > 1  f(2)", "cell 3, line 3, in f:", "    2      y = 1",
        "  > 3      return x / 0", "ZeroDivisionError: division by zero",
    ]  # fmt: skip


async def test_files_of_the_task_cannot_be_changed_and_the_folder_can(
    env: NotebookEnv, task: NotebookTask
) -> None:
    for attempt in (
        "open('data/sales.csv', 'w')",
        "import os\nos.chmod('data/sales.csv', 0o777)",
        "import os\nos.remove(os.path.realpath('data/sales.csv'))",
    ):
        assert "Read-only file system" in (await run(env, attempt)).text
    assert (await run(env, "open('own.txt', 'w').write('x')\nopen('own.txt').read()")).text == "'x'"
    assert task.files["data/sales.csv"].read_text().startswith("month")


async def test_a_cell_that_fails_leaves_what_came_before(env: NotebookEnv) -> None:
    await run(env, "x = 41")
    died = await run(env, "y = 1\nimport os\nos._exit(7)")
    assert (died.status, died.restarted) == ("died", True)
    assert "exit code 7" in died.text
    assert "(1) were run again" in died.text
    assert (await run(env, "x + 1")).text == "42"
    assert "cell 4, line 1" in (await run(env, "y")).text


async def test_a_cell_that_cannot_run_again_is_undone_with_what_follows(env: NotebookEnv) -> None:
    await run(env, "a = 1")
    # The first time is in time, every further time is not.
    await run(env, f"import time\nassert time.time() < {time.time() + 0.7}")
    await run(env, "b = 2\ntime.sleep(1)")
    died = await run(env, "import os\nos.abort()")
    assert "Cell 2 could not be run again" in died.text
    assert (await run(env, "a")).text == "1"
    assert (await run(env, "b")).status == "error"


async def test_many_at_once_and_each_sees_its_own(tmp_path: Path) -> None:
    async with KernelPool(0, most=3, preload=()) as pool:

        async def one(number: int) -> str:
            path = tmp_path / f"{number}.txt"
            path.write_text(str(number))
            env = NotebookEnv(pool)
            await env.reset(NotebookTask(str(number), "?", {"n.txt": path}))
            output = await run(env, "import glob\n[open(f).read() for f in glob.glob('*.txt')]")
            await env.close()
            return output.text

        # More than are lent at a time: the others wait.
        assert await asyncio.gather(*map(one, range(5))) == [f"['{n}']" for n in range(5)]


async def test_scores_come_from_the_judge(env: NotebookEnv) -> None:
    with pytest.raises(EvalError, match="no judge"):
        await env.evaluate()
    judged = NotebookTask("j", "?", {}, judge=lambda text: Score(float(text == "6")))
    await env.reset(judged, seed=3)
    assert (await env.evaluate()).value == 0
    draws = [await run(env, "import random\nrandom.random()")]
    await env.step(Answer("6"))
    assert (await env.evaluate()).value == 1
    await env.reset(judged, seed=3)
    draws.append(await run(env, "import random\nrandom.random()"))
    assert draws[0].text == draws[1].text


async def test_a_missing_file_is_named(env: NotebookEnv, tmp_path: Path) -> None:
    with pytest.raises(EnvError, match=r"gone\.csv"):
        await env.reset(NotebookTask("t", "?", {"a.csv": tmp_path / "gone.csv"}))
    with pytest.raises(EnvError, match="no name of a file"):
        await env.reset(NotebookTask("t", "?", {"../a.csv": Path(__file__)}))


async def test_files_of_a_killed_program_are_removed(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, pathlib, signal\n"
        "from tracegraph.envs.notebook import *\n"
        "async def main():\n"
        "    pool = await KernelPool(0, preload=()).__aenter__()\n"
        "    env = NotebookEnv(pool)\n"
        f"    await env.reset(NotebookTask('t', '?', {{'a': pathlib.Path({__file__!r})}}))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    await process.wait()
    left = f"tracegraph-notebook-{process.pid}-*"
    assert list(Path(tempfile.gettempdir()).glob(left))
    async with KernelPool(0):
        assert not list(Path(tempfile.gettempdir()).glob(left))
