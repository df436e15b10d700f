// Search
const texts = nodes.map((node) => {
  const operation = node.operation === undefined ? null : operations[node.operation];
  const note = node.note === undefined ? null : feedback[node.note].text.text;
  return [node.name, node.label, node.type, node.value?.text, node.description?.text,
    node.line?.text, operation?.source.text, note].filter(Boolean).join("\n").toLowerCase();
});
let matches = [];
function search() {
  const wanted = $("search").value.trim().toLowerCase();
  matches = [];
  texts.forEach((text, i) => {
    const hit = wanted !== "" && text.includes(wanted);
    if (hit) matches.push(i);
    drawn[i].classList.toggle("match", hit);
  });
  canvas.classList.toggle("searched", wanted !== "");
  $("found").textContent = wanted === "" ? "" : `${matches.length.toLocaleString("en")} of ${nodes.length.toLocaleString("en")}`;
}
$("search").addEventListener("input", search);
$("search").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !matches.length) return;
  const place = matches.indexOf(current);
  const step = event.shiftKey ? matches.length - 1 : 1;
  go(matches[place < 0 ? 0 : (place + step) % matches.length]);
});

// The panel
const panel = $("panel");
const title = (text) => el("h3", {}, text);
const tag = (kind, text) => el("span", { class: "tag " + kind }, text);
function link(i, text) {
  const made = el("button", { class: "link", type: "button" }, text ?? nodes[i].name);
  made.addEventListener("click", () => go(i));
  return made;
}
const cut = (value) => value.cut
  ? el("p", { class: "cut" }, `${count(value.cut, "more character")}, cut here; the JSON export has them.`) : null;
const block = (value) => [el("pre", { tabindex: "0" }, value.text === "" ? "(empty)" : value.text), cut(value)];
function say(sent) {
  // An error that speaks for itself is told in one line: its listing stands beside.
  const own = nodes[sent.node].error?.text === sent.text.text;
  const told = own ? nodes[sent.node].value : sent.text;
  return el("blockquote", { class: "said" }, told.text || "(no text)", cut(told),
    el("small", {}, "on ", link(sent.node), sent.score === null ? "" : ` · score ${sent.score}`));
}
const row = (key, ...rest) => el("li", {}, el("span", { class: "key" }, key), ...rest);

function listing(text, marked) {
  const pre = el("pre", { class: "code", tabindex: "0" });
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const at = marked ? line.lastIndexOf(" <--- ") : -1;
    const shown = at < 0 ? line : line.slice(0, at);
    pre.append(el("span", at < 0 ? {} : { class: "wrong" }, shown || " ",
      at < 0 ? null : el("b", {}, line.slice(at + 1))));
  }
  return pre;
}

/** Whether the listing of an error has every line of the source already. */
function shows(error, source) {
  const lines = new Set(error.split("\n").map((line) => line.replace(/ <--- .*/, "").trim()));
  return source.split("\n").every((line) => lines.has(line.trim()));
}

function details(i) {
  const node = nodes[i], parts = [];
  if (node.kind === "feedback") {
    parts.push(tag("feedback", "Feedback"), el("h2", {}, "Feedback"), say(feedback[node.note]));
    panel.replaceChildren(...parts);
    return;
  }
  parts.push(tag(node.kind, said[node.kind]));
  if (node.output) parts.push(tag("plain", "output"));
  parts.push(tag("plain", node.parameter ? `${node.parameter}, version ${node.version}` : node.type));
  parts.push(el("h2", {}, node.name));
  if (node.label) parts.push(el("p", {}, `Named “${node.label}”.`));
  if (node.description) parts.push(el("p", {}, node.description.text), cut(node.description));
  if (node.line) parts.push(el("pre", {}, node.line.text), cut(node.line));
  for (const sent of feedback.filter((one) => one.node === i)) parts.push(title("Feedback"), say(sent));
  if (node.error) parts.push(title("Error"), listing(node.error.text, true), cut(node.error));
  else parts.push(title("Value"), ...block(node.value));
  if (node.constraint) parts.push(title("Must obey"), el("p", {}, node.constraint.text), cut(node.constraint));
  if (node.inputs?.length) {
    parts.push(title("Inputs"), el("ul", { class: "rows" }, ...node.inputs.map((one) => row(one.name,
      one.node === undefined ? el("code", {}, one.value) : link(one.node),
      one.inferred ? el("span", { class: "guess" }, "inferred") : null))));
  }
  const used = [...new Set(below[i])].filter((j) => nodes[j].kind !== "feedback");
  if (used.length) {
    parts.push(title("Used by"), el("ul", { class: "rows" },
      ...used.slice(0, 50).map((j) => el("li", {}, link(j, nodes[j].line ? short(nodes[j].line.text, 90) : undefined))),
      used.length > 50 ? el("li", { class: "guess" }, `and ${used.length - 50} more`) : null));
  }
  const source = node.operation === undefined ? null : operations[node.operation].source;
  if (source?.text && !(node.error && node.error.text.includes(" <--- ") && shows(node.error.text, source.text)))
    parts.push(title("Code"), listing(source.text, false), cut(source));
  panel.replaceChildren(...parts.filter(Boolean));
  panel.scrollTop = 0;
}

function overview() {
  const parts = [el("h2", {}, "Overview")];
  if (data.left_out) parts.push(el("p", {}, `${count(data.left_out, "call")} between parameters and outputs were left out.`));
  if (feedback.length) parts.push(title("Feedback"), ...feedback.slice(0, 50).map(say));
  const list = (text, kind) => {
    const found = nodes.map((_, i) => i).filter((i) => kind(nodes[i]));
    if (found.length) parts.push(title(text), el("ul", { class: "rows" },
      ...found.slice(0, 60).map((i) => el("li", {}, link(i), el("code", {}, short(nodes[i].shown, 60)))),
      found.length > 60 ? el("li", { class: "guess" }, `and ${found.length - 60} more`) : null));
  };
  list("Parameters", (node) => node.kind === "parameter");
  list("Errors", (node) => node.kind === "exception");
  const lines = nodes.map((_, i) => i).filter((i) => nodes[i].line);
  if (lines.length) parts.push(title("Calls"), el("div", { class: "program" },
    ...lines.slice(0, 200).map((i) => link(i, nodes[i].line.text)),
    lines.length > 200 ? el("p", { class: "cut" }, `and ${lines.length - 200} more`) : null));
  if (!nodes.length) parts.push(el("p", {}, "Nothing was recorded."));
  panel.replaceChildren(...parts);
  panel.scrollTop = 0;
}

// The page
$("title").textContent = data.name;
const of = (kind) => nodes.filter((node) => node.kind === kind).length;
const calls = of("call") + of("exception");
$("counts").textContent = [[calls, "call"], [of("parameter"), "parameter"], [of("input"), "input"],
  [of("exception"), "error"], [feedback.length, "feedback", "feedback"]]
  .filter(([n]) => n).map(([n, ...words]) => count(n, ...words)).join(" · ");
for (const kind of Object.keys(said)) {
  if (!of(kind)) continue;
  const icon = svg("svg", { viewBox: "-13 -8 26 16", "aria-hidden": "true" });
  const g = svg("g", { class: kind });
  g.append(shape(kind, 24, 13));
  icon.append(g);
  $("legend").append(el("li", {}, icon, said[kind]));
}
if (guessed.size) {
  const icon = svg("svg", { viewBox: "-13 -8 26 16", "aria-hidden": "true" });
  icon.append(svg("path", { class: "dash", d: "M-13 0H13" }));
  $("legend").append(el("li", {}, icon, "Inferred"));
}
overview();
if (nodes.length) {
  stopAt(0);
  fit(0.33);
  // In a frame that is not shown yet there is no size to fit into.
  const shown = new ResizeObserver(() => { if (canvas.clientWidth) { fit(0.33); shown.disconnect(); } });
  if (!canvas.clientWidth) shown.observe(canvas);
}
const wanted = /^#node-(\d+)$/.exec(location.hash);
if (wanted && Number(wanted[1]) < nodes.length) go(Number(wanted[1]));
document.documentElement.dataset.ready = "yes";
