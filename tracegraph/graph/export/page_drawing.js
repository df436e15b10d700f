// Everything below comes from recorded values: it goes into the page as text, never as markup.
// Halves of characters, which Python texts may hold, would trouble what reads the page.
const whole = (key, value) => typeof value === "string" ? value.toWellFormed?.() ?? value : value;
const data = JSON.parse(document.getElementById("data").textContent, whole);
const { nodes, operations, feedback, segments } = data;
const [W, H] = data.size;
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
function svg(tag, attributes = {}, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
const count = (n, one, many = one + "s") => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const short = (text, length) => text.length > length ? text.slice(0, length - 1) + "…" : text;

// Edges, by node
const above = nodes.map(() => []), below = nodes.map(() => []);
const guessed = new Set(data.guessed.map(([a, b]) => a + ">" + b));
for (const [source, target] of segments) {
  if (target < 0) continue;
  above[target].push(source);
  below[source].push(target);
}
const isGuess = (source, target) => guessed.has(source + ">" + target);
const onlyGuesses = nodes.map((_, i) => below[i].length > 0 && below[i].every((t) => isGuess(i, t)));

function curve([, target, , x1, y1, x2, y2]) {
  // A trunk goes straight past the nodes of its layer.
  const past = target < 0 ? `V${y2 + H}` : "";
  if (Math.abs(x1 - x2) < 0.5) return `M${x1} ${y1}V${y2}${past}`;
  const bend = Math.min(60, (y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}${past}`;
}
const tip = ([, , , , , x, y]) => `M${x} ${y}l-4 -8h8z`;
function draw(chosen, ids) {
  const paths = { sure: "", guess: "", note: "", tips: "" };
  for (const segment of chosen) {
    const [source, target] = segment;
    if (target >= 0 && nodes[target].kind === "feedback") { paths[ids[3] ? "note" : "sure"] += curve(segment); continue; }
    const guess = target < 0 ? onlyGuesses[source] : isGuess(source, target);
    paths[guess ? "guess" : "sure"] += curve(segment);
    if (target >= 0) paths.tips += tip(segment);
  }
  $(ids[0]).setAttribute("d", paths.sure);
  $(ids[1]).setAttribute("d", paths.guess);
  $(ids[2]).setAttribute("d", paths.tips);
  if (ids[3]) $(ids[3]).setAttribute("d", paths.note);
}
draw(segments, ["edges", "guesses", "tips", "notes"]);

// Nodes
function shape(kind, w, h) {
  const x = -w / 2, y = -h / 2, c = h / 4;
  if (kind === "parameter") return svg("path", { class: "shape", d: `M${x + c} ${y}H${-x - c}L${-x} ${y + c}V${-y - c}L${-x - c} ${-y}H${x + c}L${x} ${-y - c}V${y + c}Z` });
  if (kind === "feedback") return svg("path", { class: "shape", d: `M${x} ${y}H${-x - c}L${-x} ${y + c}V${-y}H${x}Z` });
  const round = kind === "input" ? h / 2 : kind === "exception" ? 2 : h / 6;
  return svg("rect", { class: "shape", x, y, width: w, height: h, rx: round });
}
const ICONS = {
  parameter: "M0 -5L5 0L0 5L-5 0Z",
  input: "M-5 -4L4 0L-5 4Z",
  call: "M-4 -4H4V4H-4Z",
  exception: "M0 -6L6 5H-6Z",
  feedback: "M-5 -5H5V2H0L-3 5V2H-5Z",
};
const said = {
  parameter: "Parameter", input: "Input", call: "Call", exception: "Error", feedback: "Feedback",
};
const drawn = nodes.map((node, i) => {
  const g = svg("g", {
    class: `node ${node.kind}${node.output ? " output" : ""}`,
    transform: `translate(${node.x} ${node.y})`,
    role: "button", tabindex: "-1", "data-node": i,
    "aria-label": `${said[node.kind]} ${node.name}: ${node.shown}`,
  });
  g.append(svg("rect", { class: "halo", x: -W / 2 - 4, y: -H / 2 - 4, width: W + 8, height: H + 8, rx: 12 }));
  g.append(shape(node.kind, W, H));
  g.append(svg("path", { class: "icon", d: ICONS[node.kind], transform: `translate(${-W / 2 + 20} -8)` }));
  g.append(svg("text", { x: -W / 2 + 32, y: -4 }, short(node.name, 18)));
  g.append(svg("text", { class: "value", x: -W / 2 + 16, y: 15 }, short(node.shown, 21)));
  return g;
});
$("nodes").append(...drawn);
if (nodes.length > 600) $("drawing").classList.add("huge");
