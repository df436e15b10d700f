"""Drawings in each form: networkx, dot, Mermaid, files, notebooks."""

import os
import shutil
import stat

import pytest
from example_graphs import chain, combine, pipeline, shout

import tracegraph as tg
from tracegraph.graph import GraphError
from tracegraph.graph.export import Drawing, from_json, to_dot, to_mermaid, to_networkx
from tracegraph.graph.subgraph import Subgraph

HOSTILE = '"];x[y]\n<script>alert(1)</script> \\" --> `|{}#;\x00\ud800'


def test_networkx_knows_nodes_and_edges():
    graph = pipeline()
    made = to_networkx(graph)
    assert dict(made.nodes(data="kind")) == {
        "prompt": "parameter", "limit": "parameter", "text": "input",
        "read0": "call", "combine0": "call", "fails0": "exception",
    }  # fmt: skip
    assert made.nodes["text"]["data"] == "a text"
    assert [name for name, out in made.nodes(data="output") if out] == ["combine0", "fails0"]
    assert made.edges["read0", "combine0"]["arguments"] == ["first", "others[1]['again']"]
    assert not made.edges["read0", "combine0"]["inferred"]
    assert set(graph.to_networkx().edges) == set(made.edges)


def test_guessed_edges_are_dashed():
    with tg.record() as run:
        combine(shout("some text") + " and more")
    graph = run.graph()
    assert "style=dashed" in to_dot(graph)
    assert "-.->" in to_mermaid(graph)
    assert next(iter(to_networkx(graph).edges(data="inferred")))[2]


def test_dot_says_what_is_what():
    dot = to_dot(pipeline())
    assert 'n0 [label="prompt\\nSay <b>", shape=octagon' in dot
    assert 'n3 -> n4 [label="first"]' in dot
    assert 'f0_0 [label="Too long.", shape=note' in dot
    assert 'f0_1 [label="(ValueError) no: ' in dot
    assert dot.count("peripheries=2") == 2


def test_mermaid_says_what_is_what():
    mermaid = to_mermaid(pipeline())
    assert mermaid.startswith("flowchart TD\n")
    assert 'n0{{"prompt<br/>Say #60;b#62;"}}:::parameter' in mermaid
    assert 'n3 -->|"first"| n4' in mermaid
    assert 'f0_0>"Too long."]:::said' in mermaid


def test_hostile_texts_stay_inside_their_labels():
    graph = Subgraph.of([combine(tg.node(HOSTILE, name=HOSTILE), HOSTILE)], name=HOSTILE)
    for line in to_mermaid(graph).splitlines()[1:3]:
        label = line.split('"')[1]
        assert line.count('"') == 2
        assert not set("<>[]{}|`\\") & set(label.replace("<br/>", ""))
    dot = to_dot(graph)
    assert dot.count("\n") == 8  # no line was added
    for line in dot.splitlines():
        assert line.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0
    dot.encode()
    Drawing(graph).html.encode()


@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".html", "<!doctype"), (".dot", "digraph"), (".mmd", "flowchart"), (".json", "{")],
)
def test_a_file_is_what_its_suffix_says(tmp_path, suffix, start):
    place = Drawing(pipeline()).save(tmp_path / "new" / f"graph{suffix}")
    assert place.read_text("utf-8").startswith(start)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(GraphError, match=r"ends in \.html"):
        pipeline().save(tmp_path / "graph.gif")
    assert list(tmp_path.iterdir()) == []


def test_without_graphviz_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GraphError, match="install the package graphviz"):
        pipeline().save(tmp_path / "graph.svg")


def test_graphviz_gets_the_dot_text(tmp_path, monkeypatch):
    fake = tmp_path / "dot"
    fake.write_text('#!/bin/sh\necho "$1"; exec cat\n')
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    graph = pipeline()
    assert graph.save(tmp_path / "graph.png").read_text() == "-Tpng\n" + to_dot(graph)
    fake.write_text("#!/bin/sh\necho no such font >&2; exit 1\n")
    with pytest.raises(GraphError, match="no such font"):
        graph.save(tmp_path / "other.png")


@pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot is not installed")
def test_graphviz_draws(tmp_path):
    assert "<svg" in pipeline().save(tmp_path / "graph.svg").read_text()


def test_a_notebook_shows_the_page_in_a_frame():
    output = combine(tg.node("x", trainable=True))
    drawing = output.backward("Hm.", visualize=True)
    shown = drawing._repr_mimebundle_()["text/html"]
    assert shown.startswith('<iframe sandbox="allow-scripts" srcdoc="&lt;!doctype html&gt;')
    assert "Hm." in shown
    assert "1 calls" in repr(drawing)


def test_every_form_works_on_a_graph_read_back():
    graph = chain(30)
    again = from_json(graph.to_json())
    for form in ("dot", "mermaid", "html"):
        assert getattr(Drawing(again), form) == getattr(Drawing(graph), form)
