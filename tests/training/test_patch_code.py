from __future__ import annotations

import ast

from tracegraph.training.patch import Change, patched

OLD = 'def f(self, x):\n    """Add."""\n    return x + 1  # old\n'
FILE = '''import re
import tracegraph as tg


class Steps(tg.Module):
    # above
    @tg.bundle(
        trainable=True,  # why
    )
    def f(self, x):
        """Add."""
        return x + 1  # old

    # below
    def f2(self, x):
        return x
'''


def new_file(code: str, source: str = FILE, before: str = OLD, name: str = "f") -> str:
    made = patched(source, [Change(f"__code_{name}", "code", code, before)])
    assert made.missing == {}
    return made.source


def test_a_method_keeps_decorators_and_indentation() -> None:
    code = "def f(self, x):\n    if x:\n\n        return 2\n    return 3\n"
    assert new_file(code) == FILE.replace(
        '    def f(self, x):\n        """Add."""\n        return x + 1  # old\n',
        "    def f(self, x):\n        if x:\n\n            return 2\n        return 3\n",
    )


def test_texts_of_several_lines_are_not_indented() -> None:
    code = 'def f(self, x):\n    """A.\n\n    B.\n    """\n    return b"""a\nb""" + """c\n  d"""\n'
    new = new_file(code)
    assert "return b'a\\nb' + 'c\\n  d'" in new
    assert '        """A.\n\n        B.\n        """\n' in new


def test_an_f_string_of_several_lines_in_a_method_is_told() -> None:
    code = 'def f(self, x):\n    return f"""a\n{x}"""\n'
    made = patched(FILE, [Change("__code_f", "code", code, OLD)])
    assert "f-string of several lines" in made.missing["__code_f"]
    assert made.source == FILE


def test_what_came_with_the_function_goes_into_it() -> None:
    code = (
        "import re\nimport math\n\nLIMIT = 3\n\ndef inner(y):\n    return math.sqrt(y)\n\n"
        'def f(self, x):\n    """New."""\n    return inner(x) + LIMIT\n'
    )
    new = new_file(code)
    method = ast.parse(new).body[2].body[0]  # type: ignore[attr-defined]
    names = [type(item).__name__ for item in method.body]
    assert names == ["Expr", "Import", "Assign", "FunctionDef", "Return"]
    short = new_file("LIMIT = 3\n\ndef f(self, x): return LIMIT\n")
    assert "        LIMIT = 3\n        return LIMIT" in short


def test_plain_functions() -> None:
    source = (
        "from tracegraph import bundle\n\n@bundle(trainable=True)\nasync def f(x):\n    return x\n"
    )
    code = 'async def f(x):\n    return f"""a\n{x}"""\n'
    new = new_file(code, source, "async def f(x):\n    return x\n")
    assert new == source.replace("async def f(x):\n    return x\n", code)


def test_functions_of_the_same_name_are_told_apart_by_their_code() -> None:
    source = FILE + "\n\n@tg.bundle(trainable=True)\ndef f(x):\n    return 0\n"
    new = new_file("def f(x):\n    return 5\n", source, "def f(x):\n    return 0\n")
    assert new == source.replace("return 0", "return 5")
    made = patched(source, [Change("__code_f", "code", "def f(x): pass", "def f(x): ...")])
    assert "several places" in made.missing["__code_f"]


def test_a_parameter_inside_changed_code_is_told() -> None:
    source = (
        "import tracegraph as tg\n\n@tg.bundle(trainable=True)\ndef f():\n"
        '    return tg.Parameter(1, name="p")\n'
    )
    before = 'def f():\n    return tg.Parameter(1, name="p")\n'
    made = patched(
        source,
        [Change("__code_f", "code", "def f():\n    return 2\n", before), Change("p", "int", 2, 1)],
    )
    assert made.missing == {"p": "it is written inside the value of __code_f"}
