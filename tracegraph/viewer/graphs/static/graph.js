// The graph on a canvas: only what is in sight is drawn, and less of it from far away. Everything
// that comes from a record goes into the page as text, never as markup.
import { details, announce } from "./panel.js";
import { paint, legend } from "./paint.js";

const $ = (id) => document.getElementById(id);
const page = $("page"), canvas = $("graph"), at = page.dataset.at;
const graph = { nodes: [], segments: [], above: [], below: [], rows: new Map(), size: [184, 50] };
const view = { x: 0, y: 0, k: 1, colour: "kind", current: null, near: null, hits: null, moving: false };
let waiting = false;

const suffix = () => ($("minimal").checked ? "?minimal=1" : "");
async function ask(path) {
  const answer = await fetch(at + path, { credentials: "same-origin" });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.problem ?? "the server does not answer");
  return told;
}
async function progress() {
  const { done } = await ask(`/progress${suffix()}`).catch(() => ({ done: null }));
  if (done !== null && $("state").textContent.startsWith("laying out")) {
    $("state").textContent = `laying out … ${Math.round(100 * done)} %`;
  }
}
async function load() {
  $("state").textContent = "laying out …";
  const looking = setInterval(progress, 300);
  try {
    Object.assign(graph, await ask(`/data${suffix()}`));
  } catch (error) {
    $("state").textContent = error.message;
    return;
  } finally {
    clearInterval(looking);
  }
  const { nodes, segments } = graph;
  graph.above = nodes.map(() => []);
  graph.below = nodes.map(() => []);
  graph.rows = new Map();
  for (const [source, target] of segments) if (target >= 0) {
    graph.above[target].push(source);
    graph.below[source].push(target);
  }
  nodes.forEach((node, i) => graph.rows.set(node.y, [...(graph.rows.get(node.y) ?? []), i]));
  for (const row of graph.rows.values()) row.sort((a, b) => nodes[a].x - nodes[b].x);
  graph.mostBlame = nodes.reduce((most, node) => Math.max(most, node.blame ?? 0), 1e-9);
  graph.guesses = new Set(graph.guessed.map(([a, b]) => `${a}>${b}`));
  const blamed = nodes.some((node) => node.blame !== undefined);
  $("colour").options[1].disabled = !blamed;
  $("state").textContent = nodes.length ? "" : "Nothing was recorded.";
  view.hits = null;
  choose(null);
  fit(nodes.length > 80 ? 0.3 : 0); // a small one is seen whole, a large one near its output
  legend($("legend"), graph, view);
  document.documentElement.dataset.ready = "yes";
}

// Drawing
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; paint(canvas, graph, view); });
}
// While something moves, a large graph is drawn with a part of its edges; all of them follow.
let resting = 0;
function hurry() {
  view.moving = true;
  clearTimeout(resting);
  resting = setTimeout(() => { view.moving = false; draw(); }, 150);
  draw();
}
function bounds() {
  const box = [Infinity, Infinity, -Infinity, -Infinity], [w, h] = graph.size;
  for (const { x, y } of graph.nodes) {
    box[0] = Math.min(box[0], x - w / 2); box[1] = Math.min(box[1], y - h / 2);
    box[2] = Math.max(box[2], x + w / 2); box[3] = Math.max(box[3], y + h / 2);
  }
  return box;
}
function fit(least = 0) {
  if (!graph.nodes.length) return draw();
  const [left, top, right, bottom] = bounds();
  const width = canvas.clientWidth, height = canvas.clientHeight;
  const whole = Math.min(1.2, (width - 40) / (right - left), (height - 90) / (bottom - top));
  view.k = Math.max(least, whole, 0.0005);
  view.x = width / 2 - view.k * (left + right) / 2;
  view.y = (height - 40) / 2 - view.k * (top + bottom) / 2;
  // What does not fit begins with what came out.
  if (whole < least) center(graph.outputs[0] ?? 0, 0.7);
  draw();
}
function center(i, part = 0.5) {
  view.x = canvas.clientWidth / 2 - view.k * graph.nodes[i].x;
  view.y = canvas.clientHeight * part - view.k * graph.nodes[i].y;
  draw();
}
function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const k = Math.min(3, Math.max(0.0005, view.k * factor));
  view.x = x - (x - view.x) * k / view.k;
  view.y = y - (y - view.y) * k / view.k;
  view.k = k;
  hurry();
}

// Choosing
function reach(start, next) {
  const seen = new Set(), open = [start];
  while (open.length) for (const i of next[open.pop()]) if (!seen.has(i)) { seen.add(i); open.push(i); }
  return seen;
}
async function choose(i) {
  view.current = i;
  view.near = i === null ? null : { up: reach(i, graph.above).add(i), down: reach(i, graph.below).add(i) };
  canvas.dataset.node = i === null ? "" : graph.nodes[i].name;
  draw();
  if (i === null) return announce($("node"), graph, go);
  const told = await ask(`/node/${i}${suffix()}`);
  if (view.current === i) details($("node"), told, i, graph, go);
}
function go(i) {
  if (i === undefined) return;
  const { x, y } = graph.nodes[i];
  const sx = view.x + view.k * x, sy = view.y + view.k * y;
  if (view.k < 0.35) { view.k = 0.8; center(i); }
  else if (sx < 90 || sy < 40 || sx > canvas.clientWidth - 90 || sy > canvas.clientHeight - 90) center(i);
  choose(i);
}
function under(event) {
  const box = canvas.getBoundingClientRect(), [w, h] = graph.size;
  const x = (event.clientX - box.left - view.x) / view.k, y = (event.clientY - box.top - view.y) / view.k;
  const slack = Math.max(0, 5 / view.k - h / 2);
  const found = graph.nodes.findIndex((n) => Math.abs(n.x - x) < w / 2 + slack && Math.abs(n.y - y) < h / 2 + slack);
  return found < 0 ? null : found;
}

// Pointer
const fingers = new Map();
let moved = 0;
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });
canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (fingers.size === 1) moved = 0;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) { canvas.classList.toggle("over", under(event) !== null); return; }
  const dx = event.clientX - last[0], dy = event.clientY - last[1];
  moved += Math.abs(dx) + Math.abs(dy);
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1], box = canvas.getBoundingClientRect();
    const before = Math.hypot(last[0] - other[0], last[1] - other[1]);
    const after = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
    if (before > 0) zoom(after / before, other[0] - box.left, other[1] - box.top);
  } else if (moved > 4) {
    view.x += dx; view.y += dy;
    canvas.classList.add("dragged");
    hurry();
  }
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => {
  if (!fingers.delete(event.pointerId)) return;
  canvas.classList.remove("dragged");
  if (kind === "pointerup" && moved < 5 && !fingers.size) choose(under(event));
});

// Keys
const nearest = (list, i) => [...list].sort((a, b) =>
  Math.hypot(graph.nodes[a].x - graph.nodes[i].x, graph.nodes[a].y - graph.nodes[i].y)
  - Math.hypot(graph.nodes[b].x - graph.nodes[i].x, graph.nodes[b].y - graph.nodes[i].y))[0];
function beside(i, by) {
  const row = graph.rows.get(graph.nodes[i].y);
  return row[row.indexOf(i) + by];
}
const WAYS = {
  ArrowUp: (i) => nearest(graph.above[i], i), ArrowDown: (i) => nearest(graph.below[i], i),
  ArrowLeft: (i) => beside(i, -1), ArrowRight: (i) => beside(i, 1),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
  if (event.key in WAYS && document.activeElement.closest("aside") === null && graph.nodes.length) {
    go(view.current === null ? graph.outputs[0] ?? 0 : WAYS[event.key](view.current));
  } else if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else if (event.key === "0") fit();
  else if (event.key === "Escape") choose(null);
  else return;
  event.preventDefault();
});

// Search and tools
let asked = 0, timer = 0;
async function search() {
  const text = $("search").value.trim(), mine = ++asked;
  const hits = text ? await ask(`/search?q=${encodeURIComponent(text)}${suffix().replace("?", "&")}`) : null;
  if (mine !== asked) return;
  view.hits = hits && new Set(hits);
  $("hits").textContent = hits ? `${hits.length.toLocaleString("en")} of ${graph.nodes.length.toLocaleString("en")}` : "";
  draw();
}
$("search").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 150); });
$("search").addEventListener("keydown", async (event) => {
  if (event.key !== "Enter") return;
  if (!view.hits) { clearTimeout(timer); await search(); }
  const hits = [...(view.hits ?? [])];
  if (!hits.length) return;
  const place = hits.indexOf(view.current), step = event.shiftKey ? hits.length - 1 : 1;
  go(hits[place < 0 ? 0 : (place + step) % hits.length]);
});
$("colour").addEventListener("change", () => { view.colour = $("colour").value; legend($("legend"), graph, view); draw(); });
$("minimal").addEventListener("change", load);
$("closer").addEventListener("click", () => zoom(1.3));
$("farther").addEventListener("click", () => zoom(1 / 1.3));
$("fit").addEventListener("click", () => fit());
new ResizeObserver(draw).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { legend($("legend"), graph, view); draw(); });
new MutationObserver(() => { legend($("legend"), graph, view); draw(); }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
load();
