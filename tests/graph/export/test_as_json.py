"""JSON: one stable form, read back to the same graph."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from example_graphs import Opaque, Pair, caught, chain, combine, fails, opaque, pipeline

import tracegraph as tg
from tracegraph.graph import GraphError, MessageNode, ParameterNode, SchemaVersionError
from tracegraph.graph.export import Drawing, from_json, to_json, values
from tracegraph.graph.export.as_json import json_text
from tracegraph.graph.subgraph import Subgraph

HIGH, LOW = chr(0xD83D), chr(0xDE00)  # halves of one character


def back(graph):
    return from_json(json.loads(json_text(graph)))


def graph_of(value):
    return Subgraph.of([combine(tg.node(value, name="value"))])


def value_back(value):
    return back(graph_of(value)).inputs[0].data


def test_the_document_says_what_there_is():
    document = pipeline().to_json()
    assert (document["format"], document["version"]) == ("tracegraph.graph", 1)
    assert [(n["kind"], n["name"]) for n in document["nodes"]] == [
        ("parameter", "prompt"), ("parameter", "limit"), ("input", "text"),
        ("call", "read0"), ("call", "combine0"), ("exception", "fails0"),
    ]  # fmt: skip
    prompt, limit, _, read, both, bad = document["nodes"]
    assert prompt["description"] == "What to say."
    assert limit["parameter"] == {"kind": "int", "constraints": ["between 1 and 9"], "version": 0}
    operation = document["operations"][read["operation"]]
    assert operation["doc"] == "Read a text with the prompt."
    assert operation["signature"] == "(self, text, times=1)"
    assert "def read(self, text, times=1):" in operation["source"]
    assert both["arguments"] == {
        "first": {"$node": 3},
        "others": [{"$node": 1}, {"again": {"$node": 3}}],
    }
    assert bad["error"].startswith("@tg.bundle\ndef fails(value):")
    assert {(e["source"], e["target"], e["argument"]) for e in document["edges"]} == {
        (2, 3, "text"), (0, 3, "self.prompt"),
        (3, 4, "first"), (1, 4, "others[0]"), (3, 4, "others[1]['again']"), (4, 5, "value"),
    }  # fmt: skip
    (feedback,) = document["feedback"]
    assert feedback["of_the_graph"]
    assert feedback["about"][0] == {"node": 4, "text": "Too long.", "score": 0.25}
    assert prompt["feedback"] == [0]


@pytest.mark.parametrize("make", [pipeline, lambda: chain(40), lambda: Subgraph.of([])])
def test_a_graph_read_back_is_the_same(make):
    graph = make()
    again = back(graph)
    assert json_text(again) == json_text(graph)
    assert [again.line(c) for c in again.calls] == [graph.line(c) for c in graph.calls]
    assert again.names.values() == graph.names.values() or list(again.names.values()) == list(
        graph.names.values()
    )
    assert [type(n) for n in again.calls] == [type(n) for n in graph.calls]


def test_what_was_read_back_takes_feedback():
    again = back(pipeline())
    output = again.outputs[0]
    sent = output.backward("Shorter.", score=0.5)
    assert isinstance(output, MessageNode)
    assert [p.name for p in sent.parameters] == ["prompt", "limit"]
    assert all(isinstance(p, ParameterNode) for p in sent.parameters)
    assert len(sent.subgraph().calls) == 2
    assert to_json(back(sent.subgraph())) == to_json(sent.subgraph())


def test_a_parameter_read_back_can_be_changed():
    limit = back(pipeline()).parameters[1]
    limit.update(5)
    assert (limit.data, limit.version, limit.kind) == (5, 1, "int")
    assert limit.constraint == "between 1 and 9"


def test_functions_are_not_there_any_more():
    call = back(pipeline()).calls[0]
    assert call.operation.source.startswith("@tg.bundle")
    with pytest.raises(GraphError, match="no function to call again"):
        call.operation.fun()


def test_native_recordings_keep_their_guesses():
    with tg.record() as run:
        text = "x" * 40
        combine(combine(text)[0] + "!", ["a"])
        combine(True)
        combine(combine("y")[2])
    graph = run.graph()
    again = back(graph)
    assert json_text(again) == json_text(graph)
    assert [sorted(c.inferred) for c in again.calls] == [
        sorted(c.inferred & set(c.inputs)) for c in graph.calls
    ]


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 2**53, -(2**70), 10**5000, 1.5, -0.0, math.inf, -math.inf, 2 + 3j,
        b"\x00a", "", HIGH, LOW + HIGH, "a" + HIGH + LOW, "\u2028\0</script>",
        (), (1, (2,)), [[], {}], {1, 2}, frozenset("ab"), {"$node": 1}, {1: 2, (1, 2): None},
        {"a": {"b": [1, 2.5]}},
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_come_back_exactly(value):
    got = value_back(value)
    assert got == value
    assert type(got) is type(value)


def test_not_a_number_comes_back():
    assert math.isnan(value_back([math.nan])[0])


def test_what_json_cannot_hold_is_marked():
    class Loud:
        def __repr__(self):
            raise RuntimeError("no repr")

    for value, text in [
        (Opaque(1), "<Opaque>"),
        (Pair(1, 2), "Pair(left=1, right=2)"),
        (Loud(), "<Loud, whose repr raised RuntimeError>"),
        (len, "<built-in function len>"),
    ]:
        written = to_json(graph_of(value))["nodes"][0]["value"]
        assert written["$repr"] == text
        got = value_back(value)
        assert repr(got) == text
        assert type(got).__name__ == type(value).__name__
    function = to_json(graph_of(lambda: 1))["nodes"][0]["value"]["$repr"]
    assert function.endswith("at 0x…>")


def test_values_without_end_are_cut(monkeypatch):
    monkeypatch.setattr(values, "_PARTS", 1000)
    ring = []
    ring.append(ring)
    deep = []
    for _ in range(5000):
        deep = [deep]
    wide = []
    for _ in range(60):
        wide = [wide, wide]
    for value, reason in [(ring, "holds itself"), (deep, "too deep"), (wide, "too deep or large")]:
        graph = Subgraph.of([tg.node(value, name="value")])
        text = json_text(graph)
        assert reason in text
        assert json_text(back(graph)) == text


def test_nodes_inside_objects_stay_linked():
    node = tg.node("inner", name="inner")
    graph = Subgraph.of([combine(Pair(node, [node, 1]), {"k": (node, {node})})])
    again = back(graph)
    assert json_text(again) == json_text(graph)
    assert again.line(again.calls[0]) == graph.line(graph.calls[0])
    assert list(again.calls[0].inputs)[:2] == ["first.left", "first.right[0]"]


def test_wrong_arguments_can_be_exported():
    bad = caught(fails, 1, 2, 3)
    document = to_json(Subgraph.of([bad]))
    assert document["nodes"][0]["arguments"] == {"arg_0": 1, "arg_1": 2, "arg_2": 3}
    assert "nodes" in Drawing(Subgraph.of([bad])).html


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.0])
def test_another_version_is_refused(version):
    document = to_json(pipeline()) | {"version": version}
    before = json.dumps(document)
    with pytest.raises(SchemaVersionError, match="reads version 1"):
        from_json(document)
    assert json.dumps(document) == before


@pytest.mark.parametrize("document", [{}, [], None, "x", {"format": "other", "version": 1}])
def test_another_format_is_refused(document):
    with pytest.raises(SchemaVersionError, match="pass what to_json returned"):
        from_json(document)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("nodes"),
        lambda d: d["nodes"].reverse(),
        lambda d: d["nodes"][3].update(operation=99),
        lambda d: d["nodes"][3]["arguments"].update(text={"$node": 5}),
        lambda d: d["nodes"][3].update(kind="other"),
        lambda d: d["nodes"][0].update(value={"$odd": 1}),
        lambda d: d["edges"].append({"source": 5, "target": 3, "argument": "x", "inferred": False}),
        lambda d: d["outputs"].append(-1),
        lambda d: d["feedback"].append(None),
        lambda d: d.update(edges=3),
    ],
)
def test_a_damaged_document_is_refused(damage):
    document = to_json(pipeline())
    damage(document)
    with pytest.raises(GraphError, match="damaged"):
        from_json(document)


def test_the_same_program_gives_the_same_bytes():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import example_graphs as graphs, hashlib, tracegraph as tg;"
        "[tg.node(i) + 1 for i in range(int(sys.argv[2]))];"
        "from tracegraph.graph.export.as_json import json_text;"
        "from tracegraph.graph.subgraph import Subgraph;"
        "more = Subgraph.of([graphs.opaque(graphs.combine({'b', 'a', 'c'}))]);"
        "text = json_text(graphs.pipeline()) + json_text(more);"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent), number],
            capture_output=True, text=True, check=True,
        ).stdout
        for number in ("0", "7")
    }  # fmt: skip
    assert len(told) == 1


def test_opaque_results_flow():
    graph = Subgraph.of([combine(opaque(1))])
    assert json_text(back(graph)) == json_text(graph)
