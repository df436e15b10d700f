from __future__ import annotations

from pathlib import Path

import pytest

import tracegraph as tg
from tracegraph.training.errors import WorkflowError
from tracegraph.training.workflow import Workflow, load_workflow


def written(folder: Path, text: str, name: str = "flow.py") -> str:
    path = folder / name
    path.write_text("import tracegraph as tg\n" + text)
    return str(path)


def test_parameters_are_found_wherever_the_file_has_them(tmp_path: Path) -> None:
    spec = written(
        tmp_path,
        """
prompt = tg.node("Hi", trainable=True, name="prompt")
fixed = tg.node("not trainable")

@tg.bundle(trainable=True)
def decide(text):
    return text

class Part(tg.Module):
    def __init__(self):
        self.level = tg.Parameter(3, name="level")

part = Part()

def workflow(text):
    '''Do it.'''
    return decide(prompt + text)
""",
    )
    found = load_workflow(spec)
    assert sorted(found.parameters) == ["__code_decide", "level", "prompt"]
    assert found.objective == "Do it."
    assert found.values["level"] == 3


def test_the_function_is_named_or_the_only_one(tmp_path: Path) -> None:
    two = "p = tg.node(1, trainable=True, name='p')\ndef a(x): return x\ndef b(x): return x\n"
    spec = written(tmp_path, two)
    assert load_workflow(f"{spec}:b").name == "b"
    with pytest.raises(WorkflowError, match=r"several functions: name one, flow\.py:a"):
        load_workflow(spec)
    with pytest.raises(WorkflowError, match="no function 'c'; its functions: a, b"):
        load_workflow(f"{spec}:c")
    one = (
        "p = tg.node(1, trainable=True, name='p')\ndef only(x): return x\ndef guide(o): return 1\n"
    )
    assert load_workflow(written(tmp_path, one, "one.py")).name == "only"


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match=r"no file missing\.py"):
        load_workflow("missing.py")
    with pytest.raises(WorkflowError, match=r"flow\.py cannot be loaded: ZeroDivisionError"):
        load_workflow(written(tmp_path, "1 / 0\n"))
    with pytest.raises(WorkflowError, match="has no parameter, so nothing can be improved"):
        load_workflow(written(tmp_path, "def workflow(x): return x\n", "none.py"))
    twice = "a = tg.Parameter(1, name='n')\nb = tg.Parameter(2, name='n')\ndef w(x): return x\n"
    with pytest.raises(WorkflowError, match="two parameters of w are called 'n'"):
        load_workflow(written(tmp_path, twice, "twice.py"))


def test_examples_are_passed_by_the_names_of_their_fields() -> None:
    parameter = tg.Parameter(1, name="p")

    def two(text: str, kind: str = "mail") -> None: ...
    def only(message: str) -> None: ...
    def whole(row: dict[str, object]) -> None: ...
    def anything(**fields: object) -> None: ...

    fields = {"text": "a", "other": "b"}
    assert Workflow(two, [parameter]).arguments(fields) == {"text": "a"}
    assert Workflow(only, [parameter]).arguments({"text": "a"}) == {"message": "a"}
    assert Workflow(whole, [parameter]).arguments(fields) == {"row": fields}
    assert Workflow(anything, [parameter]).arguments(fields) == fields
    with pytest.raises(WorkflowError, match="needs message, and the examples have text, other"):
        Workflow(only, [parameter]).arguments(fields)


def test_only_changed_values_are_put_in_place() -> None:
    parameter = tg.Parameter(1, name="p")
    flow = Workflow(lambda x: x, [parameter])
    assert flow.overrides({"p": 1}) == {}
    assert flow.overrides({"p": 2}) == {parameter: 2}
    with pytest.raises(WorkflowError, match="no parameter q; it has p"):
        flow.overrides({"q": 2})
