import pytest

from tracegraph.graph import CodeError, SourceError
from tracegraph.graph.code.policy import CodePolicy
from tracegraph.graph.code.source import function_source

POLICY = CodePolicy("f", "def f(x, n=3)", CodePolicy("f", "").imports | {"numpy"})


def accepted(body, head="def f(x, n=3):"):
    POLICY.check(f"{head}\n    {body}\n")


@pytest.mark.parametrize(
    "body",
    [
        "return x * n",
        "import math\n    return math.sqrt(x)",
        "import numpy as np\n    return np.linalg.norm(x)",
        "from collections import Counter\n    return Counter(x)",
        "return [y for y in x if y > n]",
        "return '{}'.format(x)",
        "def inner(y):\n        return y\n    return inner(x)",
    ],
)
def test_code_that_computes_is_accepted(body):
    accepted(body)


def test_annotations_helpers_constants_and_classes_are_free():
    accepted("return x", head="def f(x: int, n: int = 3) -> int:")
    POLICY.check(
        "LIMIT = 3\nimport re\nclass Box:\n    def __init__(self):\n        self._n = 1\n"
        'def helper(y):\n    "doc"\n    return y\ndef f(x, n=3):\n    return helper(x)\n'
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return eval(x)", "'eval' is not allowed"),
        ("exec(x)", "'exec'"),
        ("return open(x)", "'open'"),
        ("return __import__('os')", "'__import__'"),
        ("return x.__class__", "'__class__'"),
        ("return x._hidden", "'_hidden'"),
        ("return getattr(x, 'y')", "'getattr'"),
        ("import os\n    return os", "import of 'os'"),
        ("import os.path as p\n    return p", "import of 'os.path'"),
        ("from subprocess import run\n    return run", "import of 'subprocess'"),
        ("from . import secrets\n    return secrets", "relative"),
        ("from math import *\n    return x", "'*'"),
        ("from functools import __builtins__ as b\n    return b", "'__builtins__'"),
        ("return (i for i in x).gi_frame", "'gi_frame'"),
        ("return __builtins__", "'__builtins__'"),
        ("global y\n    y = 1", "global"),
        ("return globals()", "'globals'"),
    ],
)
def test_code_that_reaches_out_is_refused_with_the_line(body, told):
    with pytest.raises(CodeError, match=r"line \d") as caught:
        accepted(body)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(x, n=3)\n    return x", "does not parse: expected ':', line 1"),
        ("def g(x, n=3): return x", "must define f once; it does so 0 times"),
        ("def f(x, n=3): return 1\ndef f(x, n=3): return 2", "2 times"),
        ("def f(x): return x", "signature must stay 'def f(x, n=3)'; it is 'def f(x)'"),
        ("def f(x, n=4): return x", "signature"),
        ("def f(x, *, n=3): return x", "signature"),
        ("async def f(x, n=3): return x", "signature"),
        ("@cache\ndef f(x, n=3): return x", "decorators"),
        ("print(1)\ndef f(x, n=3): return x", "outside of functions"),
        ("f = lambda x, n=3: x", "0 times"),
        ("x = '\0'", "does not parse"),
        ("(" * 5000, "does not parse"),
        ("def f(x, n=3): return x\n" + "#" * 300_000, "characters long"),
    ],
)
def test_code_that_is_not_the_function_is_refused(source, told):
    with pytest.raises(CodeError) as caught:
        POLICY.check(source)
    assert told in str(caught.value)


def test_all_problems_are_told_at_once():
    with pytest.raises(CodeError) as caught:
        POLICY.check("import os\ndef f(x): return eval(x)")
    for part in ("signature", "'os'", "'eval'"):
        assert part in str(caught.value)


def test_the_source_of_a_function_is_without_its_decorators():
    def mark(**options):
        return lambda f: f

    @mark(
        text="def other(x): pass",
    )
    @mark()
    def f(x, n=3):
        """Doc."""
        # a comment stays
        return x * n

    assert function_source(f) == (
        'def f(x, n=3):\n    """Doc."""\n    # a comment stays\n    return x * n\n'
    )


@pytest.mark.parametrize("fun", [lambda x: x, len, print, max])
def test_functions_without_source(fun):
    with pytest.raises(SourceError):
        function_source(fun)


def test_a_function_made_by_exec_has_no_source():
    scope = {}
    exec("def f(x): return x", scope)
    with pytest.raises(SourceError, match="f: its source cannot be read"):
        function_source(scope["f"])
