// Painting: what is in sight, in three levels of detail.
const LIGHT = {
  ink: "#1d2126", soft: "#626a74", edge: "#b4b8bf", lit: "#1d6fe0", sheet: "#ffffff",
  parameter: ["#a96a0b", "#fdf3dc"], input: ["#2b7a57", "#e6f4ec"], call: ["#4660ab", "#ffffff"],
  exception: ["#b8322a", "#fdeae8"], feedback: ["#7c3fa6", "#f5ebfb"], none: ["#9aa0a8", "#f1f1ec"],
};
const DARK = {
  ink: "#e6e8eb", soft: "#98a1ad", edge: "#4d545f", lit: "#6ea8ff", sheet: "#1c1f25",
  parameter: ["#e3a948", "#33290f"], input: ["#66c498", "#15291f"], call: ["#8fa8f0", "#1f242e"],
  exception: ["#f5857c", "#381a18"], feedback: ["#c896ee", "#2a1d35"], none: ["#626a76", "#1a1d22"],
};
const MOVING = 10000; // edges of a frame while the graph moves
const WORDS = { parameter: "Parameter", input: "Input", call: "Call", exception: "Error", feedback: "Feedback" };
const dark = () => getComputedStyle(document.documentElement).colorScheme === "dark"
  || (getComputedStyle(document.documentElement).colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
const heat = (share, night) => night
  ? [`hsl(8 75% ${55 + 12 * share}%)`, `hsl(8 ${20 + 60 * share}% ${13 + 27 * share}%)`]
  : [`hsl(8 65% ${62 - 25 * share}%)`, `hsl(8 85% ${97 - 32 * share}%)`];

function colours(node, graph, view, palette, night) {
  if (view.colour === "blame") return node.blame === undefined ? palette.none : heat(Math.min(1, node.blame / graph.mostBlame), night);
  if (view.colour === "said") return node.said || node.kind === "feedback" ? palette.feedback : palette.none;
  return palette[node.kind];
}

export function paint(canvas, graph, view) {
  const ratio = devicePixelRatio, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width || !height) return;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const night = dark(), palette = night ? DARK : LIGHT, pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.translate(view.x, view.y);
  pen.scale(view.k, view.k);
  const seen = [-view.x / view.k, -view.y / view.k, (width - view.x) / view.k, (height - view.y) / view.k];
  const [w, h] = graph.size;
  edges(pen, graph, view, palette, seen, h);
  const level = view.k > 0.42 ? 2 : view.k > 0.12 ? 1 : 0;
  for (let i = 0; i < graph.nodes.length; i++) {
    const node = graph.nodes[i];
    if (node.x + w < seen[0] || node.x - w > seen[2] || node.y + h < seen[1] || node.y - h > seen[3]) continue;
    const faded = (view.hits && !view.hits.has(i)) || (view.near && !view.near.up.has(i) && !view.near.down.has(i));
    pen.globalAlpha = faded ? 0.22 : 1;
    body(pen, node, i === view.current, colours(node, graph, view, palette, night), palette, w, h, level, view.k);
  }
  pen.globalAlpha = 1;
}

function edges(pen, graph, view, palette, seen, h) {
  const far = new Map(), near = view.near;
  const lit = (s, t) => near && ((near.up.has(s) && near.up.has(t)) || (near.down.has(s) && near.down.has(t)));
  if (near) for (const [s, t, layer] of graph.segments) if (t >= 0 && lit(s, t)) far.set(s, Math.max(far.get(s) ?? -1, layer));
  const plain = new Path2D(), guess = new Path2D(), bright = new Path2D();
  const stride = view.moving && view.k < 0.12 ? Math.ceil(graph.segments.length / MOVING) : 1;
  for (let i = 0; i < graph.segments.length; i++) {
    const [s, t, layer, x1, y1, x2, y2] = graph.segments[i];
    if (Math.max(y1, y2) + h < seen[1] || Math.min(y1, y2) > seen[3] || Math.max(x1, x2) < seen[0] || Math.min(x1, x2) > seen[2]) continue;
    const on = t >= 0 ? lit(s, t) : layer < (far.get(s) ?? -1);
    if (!on && i % stride) continue;
    const path = on ? bright : t >= 0 && graph.guesses.has(`${s}>${t}`) ? guess : plain;
    path.moveTo(x1, y1);
    const bend = Math.min(60, (y2 - y1) / 2);
    if (view.k < 0.12 || Math.abs(x1 - x2) < 0.5) path.lineTo(x2, y2);
    else path.bezierCurveTo(x1, y1 + bend, x2, y2 - bend, x2, y2);
    if (t < 0) path.lineTo(x2, y2 + h);
    else if (view.k > 0.3) { path.moveTo(x2 - 4, y2 - 7); path.lineTo(x2, y2); path.lineTo(x2 + 4, y2 - 7); }
  }
  pen.lineWidth = Math.max(1.4, 0.6 / view.k);
  pen.globalAlpha = near ? 0.3 : view.k < 0.12 ? 0.45 : 1;
  pen.strokeStyle = palette.edge;
  pen.stroke(plain);
  pen.setLineDash([5, 5]);
  pen.stroke(guess);
  pen.setLineDash([]);
  pen.globalAlpha = 1;
  pen.strokeStyle = palette.lit;
  pen.lineWidth = Math.max(2.4, 1.4 / view.k);
  pen.stroke(bright);
}

function body(pen, node, current, [line, fill], palette, w, h, level, k) {
  const x = node.x - w / 2, y = node.y - h / 2;
  if (w * k < 14 && !current) { // corners and edges are not seen
    pen.fillStyle = line;
    pen.fillRect(x, y, w, h);
    return;
  }
  pen.beginPath();
  if (node.kind === "parameter") {
    const c = h / 4;
    pen.moveTo(x + c, y); pen.lineTo(x + w - c, y); pen.lineTo(x + w, y + c); pen.lineTo(x + w, y + h - c);
    pen.lineTo(x + w - c, y + h); pen.lineTo(x + c, y + h); pen.lineTo(x, y + h - c); pen.lineTo(x, y + c);
    pen.closePath();
  } else pen.roundRect(x, y, w, h, node.kind === "input" ? h / 2 : node.kind === "exception" ? 2 : 8);
  pen.fillStyle = level === 0 ? line : fill;
  pen.fill();
  pen.strokeStyle = current ? palette.lit : line;
  pen.lineWidth = current ? Math.max(4, 3 / k) : node.output || node.kind === "parameter" ? 3 : 1.5;
  pen.stroke();
  if (level === 0) return;
  if (level === 1) {
    pen.fillStyle = palette.ink;
    pen.font = `600 ${Math.min(26, 11 / k)}px system-ui, sans-serif`;
    pen.fillText(cut(pen, node.name, w - 16), x + 8, node.y + Math.min(9, 4 / k));
    return;
  }
  pen.fillStyle = palette.ink;
  pen.font = "600 13px system-ui, 'Segoe UI', 'Liberation Sans', sans-serif";
  pen.fillText(cut(pen, node.name, w - 34), x + 14, node.y - 4);
  pen.fillStyle = palette.soft;
  pen.font = "11.5px ui-monospace, Menlo, 'DejaVu Sans Mono', monospace";
  pen.fillText(cut(pen, node.shown, w - 26), x + 14, node.y + 15);
  if (node.said) {
    pen.fillStyle = palette.feedback[0];
    pen.beginPath();
    pen.arc(x + w - 12, y + 13, 5, 0, 7);
    pen.fill();
  }
}
function cut(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  const each = pen.measureText(text).width / text.length;
  return `${text.slice(0, Math.max(1, Math.floor(room / each) - 1))}…`;
}

export function legend(place, graph, view) {
  const night = dark(), palette = night ? DARK : LIGHT, made = [];
  const entry = (pair, text) => {
    const span = document.createElement("span"), box = document.createElement("i");
    box.style.background = pair[1];
    box.style.borderColor = pair[0];
    span.append(box, text);
    made.push(span);
  };
  if (view.colour === "kind") for (const kind of Object.keys(WORDS)) { if (graph.nodes.some((n) => n.kind === kind)) entry(palette[kind], WORDS[kind]); }
  else if (view.colour === "said") { entry(palette.feedback, "has feedback"); entry(palette.none, "none"); }
  else {
    entry(palette.none, "not measured");
    for (const part of [0, 0.5, 1]) entry(heat(part, night), `${Math.round(100 * part * graph.mostBlame)} %`);
    made.push("of the measured blame");
  }
  place.replaceChildren(...made);
}
