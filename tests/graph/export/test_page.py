"""The page in a real browser: nodes are there, and nothing of a value is ever run."""

import html
import json
import re
import shutil
import subprocess

import pytest
from example_graphs import caught, chain, combine, fails, pipeline

import tracegraph as tg
from tracegraph.graph.export import to_html
from tracegraph.graph.subgraph import Subgraph

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

RUN = "document.title='broken'"
HOSTILE = [
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<!--<script>{RUN}",
    f"'\"`);{RUN}//",
    f"\u2028{RUN}\u2029",
    "{{script}}{{data}}",
    "]]>&lt;&#60;",
    "\ud800\u202e",
]


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens a page and gives the elements that it then has, as text."""

    def open_page(text, place=""):
        page = tmp_path / "page.html"
        page.write_text(text, "utf-8")
        done = subprocess.run(
            [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
             f"{page.as_uri()}{place}"],
            capture_output=True, timeout=120, check=True,
        )  # fmt: skip
        return done.stdout.decode()

    return open_page


def nodes_in(dom):
    return re.findall(r'data-node="(\d+)"', dom)


def data_of(page):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(found.group(1))


def hostile_graph():
    value = "".join(HOSTILE)
    nodes = [tg.node(text, name=text, description=text) for text in HOSTILE]
    prompt = tg.Parameter(value, name=value, description=value, constraint=value)
    both = combine(nodes, {value: prompt, "list": HOSTILE}, scale=value)
    bad = caught(fails, both)
    sent = tg.backward([both, bad], [value, value], scores=[None, {value: 1.0}])
    return Subgraph(sent.order, sent.outputs, feedback=sent, name=value)


@pytest.mark.slow
@in_browser
def test_the_browser_shows_the_nodes(opened):
    dom = opened(to_html(pipeline()))
    assert 'data-ready="yes"' in dom
    assert len(nodes_in(dom)) == 6 + 2  # two of feedback
    assert 'aria-label="Parameter prompt: Say &lt;b&gt;"' in dom
    assert "read0 = read(self=&lt;Reader&gt;, text=text, self_prompt=prompt)" in dom
    assert ">Too long.<" in dom
    assert 'on <button class="link" type="button">combine0</button> · score 0.25' in dom


@pytest.mark.slow
@in_browser
def test_a_link_to_a_node_shows_it(opened):
    dom = opened(to_html(pipeline()), "#node-5")
    panel = dom[dom.index("<aside") : dom.index("</aside>")]
    assert "<h2>fails0</h2>" in panel
    assert re.search(r'<span class="wrong">\s+raise ValueError.*<b>&lt;--- \(ValueError\)', panel)
    assert dom.count("node call near") == 1
    assert len(re.findall(r'class="node \w+(?: output)? near"', dom)) == 6


@pytest.mark.slow
@in_browser
@pytest.mark.parametrize("place", ["", "#node-0", "#node-10", "#node-11", "#node-12"])
def test_hostile_values_are_only_text(opened, place):
    dom = opened(to_html(hostile_graph()), place)
    assert 'data-ready="yes"' in dom
    assert "<title>broken" not in dom
    assert len(re.findall(r"<script\b", dom[dom.index("<body") :].split('id="data"')[0])) == 1
    body = re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
    assert not re.search(r"<img|<svg onload|onerror=\"|<script", body)
    assert len(nodes_in(dom)) == len(HOSTILE) + 1 + 2 + 2


@pytest.mark.slow
@in_browser
def test_two_thousand_nodes_open(opened):
    page = to_html(chain(2000))
    assert len(page) < 4_000_000
    dom = opened(page)
    assert 'data-ready="yes"' in dom
    assert len(nodes_in(dom)) == 2000 + 1 + 1


PLAY = """
const seen = [], heading = () => seen.push(document.querySelector("h2").textContent);
const key = (key, on = document.activeElement) =>
  on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const node = (name) =>
  [...document.querySelectorAll(".node")].find((g) => g.textContent.startsWith(name));
node("combine0").dispatchEvent(new MouseEvent("click", { bubbles: true })); heading();
document.querySelector(".rows .link").click(); heading();
key("Escape"); heading();
document.querySelector(".node[tabindex='0']").focus();
key("ArrowDown"); key("Enter"); heading();
key("ArrowDown"); heading();
key("ArrowUp"); heading();
key("/"); seen.push(document.activeElement.id);
document.activeElement.value = "WRONG = VALUE";
document.activeElement.dispatchEvent(new Event("input"));
seen.push(document.getElementById("found").textContent);
key("Enter"); heading();
seen.push(document.querySelectorAll(".node[tabindex='0']").length);
document.title = JSON.stringify(seen);
"""


@pytest.mark.slow
@in_browser
def test_mouse_and_keys_choose_nodes(opened):
    # The page's own policy would refuse the script that plays the user.
    page = re.sub(r"<meta http-equiv[^>]*>", "", to_html(pipeline()))
    dom = opened(page.replace("</body>", f"<script>{PLAY}</script></body>"))
    seen = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom).group(1)))
    assert seen == [
        "combine0", "read0", "Overview", "combine0", "Feedback", "combine0",
        "search", "2 of 8", "fails0", 1,
    ]  # fmt: skip


def test_nothing_is_loaded_from_elsewhere():
    page = to_html(hostile_graph())
    head = re.sub(r"<title>.*?</title>", "", page[: page.index("<body>")], flags=re.DOTALL)
    assert "default-src 'none'; style-src 'sha256-" in head
    assert "unsafe" not in head
    assert not re.search(r"\s(src|href)=|url\(|@import", head)
    assert page.count("<script") == 2
    inside = re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1)
    assert not set("<>&\u2028\u2029") & set(inside)


def test_long_values_are_cut_and_say_so():
    long = Subgraph.of([combine(tg.node("y" * 1_000_000, name="long"))])
    data = data_of(to_html(long))
    value = data["nodes"][0]["value"]
    assert len(value["text"]) + value["cut"] == 1_000_000
    assert len(value["text"]) <= 20_000
    many = [tg.node("z" * 50_000, name=f"n{i}") for i in range(1000)]
    assert len(to_html(Subgraph.of([combine(many)]))) < 10_000_000


def test_values_that_share_their_parts_do_not_grow():
    wide = []
    for _ in range(60):
        wide = [wide, wide]
    value = data_of(to_html(Subgraph.of([tg.node(wide)])))["nodes"][0]["value"]
    assert value["text"].endswith("(too large to be written here)")


def test_arguments_that_cannot_be_written_are_left_out():
    class Loud:
        def __repr__(self):
            raise RuntimeError("no repr")

    nodes = data_of(to_html(Subgraph.of([combine(10**5000, [Loud()])])))["nodes"]
    assert nodes[0]["line"] is None
    assert nodes[0]["inputs"][0]["value"].startswith("an integer of 16610 bits")


def test_the_same_graph_gives_the_same_page():
    assert to_html(pipeline()) == to_html(pipeline())
