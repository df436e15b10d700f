"""CodeTest: the output is a program that must pass tests, in the sandbox."""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
from typing import TYPE_CHECKING, Any

from tracegraph.training.guide import GuideError, Judgement
from tracegraph.training.guides.wording import quoted

if TYPE_CHECKING:
    from tracegraph.sandbox import Result, Sandbox
    from tracegraph.training.data import Example

_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINES = 6  # of a traceback that an optimizer sees

# The word on standard input is read before the output's code runs and said after the tests: a
# program that ends early with exit code 0 has not passed.
_PROGRAM = """\
import sys, traceback
word = sys.stdin.readline()
space = {"__name__": "solution"}
for file in ("solution.py", "tests.py"):
    with open(file, encoding="utf-8") as source:
        text = source.read()
    try:
        exec(compile(text, file, "exec"), space)
    except BaseException as error:
        traceback.print_exception(error.with_traceback(error.__traceback__.tb_next))
        sys.exit(1)
sys.stdout.write("\\n" + word)
"""


class CodeTest:
    """Scores 1 when the output's code runs and the tests after it raise nothing, else 0.

    The tests see the names that the code defines. Of a text with fenced code, the longest block
    counts. The sandbox opens with the first judgement; ``close()`` ends it.

    Args:
        tests: Python source with assert statements; None takes what each example expects.
        sandbox: where it runs, already open; None for one of its own with the profile "code".
    """

    def __init__(self, tests: str | None = None, *, sandbox: Sandbox | None = None) -> None:
        self.tests = tests
        self._given = sandbox
        self._own: Sandbox | None = None
        self._opening = threading.Lock()

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Run the output and the tests.

        Raises:
            GuideError: there are no tests, or the sandbox refused.
            SandboxError: nothing can be run here.
        """
        tests = self.tests if self.tests is not None else example.expected
        if not isinstance(tests, str) or not tests.strip():
            raise GuideError(f"example {example.id} has no tests: {quoted(tests)}")
        sandbox = self._given or await self._opened()
        word = secrets.token_hex(16)
        result = await sandbox.run(
            _PROGRAM,
            files={"solution.py": _code(str(output)), "tests.py": tests},
            stdin=word + "\n",
            collect=(),
        )
        if result.status == "refused":
            raise GuideError(f"the sandbox did not run example {example.id}: {result.detail}")
        if result.ok and result.stdout.endswith("\n" + word + "\n"):
            return Judgement(1.0, "Correct: all tests passed.")
        return Judgement(0.0, _problem(result))

    async def close(self) -> None:
        """End the sandbox that was opened here."""
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    async def _opened(self) -> Sandbox:
        from tracegraph.sandbox import Sandbox

        def once() -> Sandbox:
            with self._opening:
                if self._own is None:
                    sandbox = Sandbox("code")
                    sandbox.open()
                    self._own = sandbox
                return self._own

        return await asyncio.to_thread(once)


def _code(text: str) -> str:
    return max(_FENCED.findall(text), key=len, default=text)


def _problem(result: Result) -> str:
    if result.ok:
        return "Wrong: the program ended before its tests did."
    if result.status != "error":
        return f"Wrong: {result.detail or result.status}."
    return "Wrong: the tests failed:\n" + "\n".join(result.stderr.splitlines()[-_LINES:])
