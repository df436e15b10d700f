// The panel: what is known of a node. Recorded values become text nodes only.
const el = (name, ...children) => {
  const made = document.createElement(name);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};
const with_ = (made, name) => { made.className = name; return made; };
const WORDS = { parameter: "parameter", input: "input", call: "call", exception: "error", feedback: "feedback" };

function link(i, graph, go) {
  const node = graph.nodes[i], button = el("button", node.name);
  button.type = "button";
  button.addEventListener("click", () => go(i));
  return el("li", button, with_(el("small", node.shown), "soft"));
}
function list(title, found, graph, go) {
  const whole = [...new Set(found)];
  if (!whole.length) return [];
  return [el("h3", `${title} (${whole.length})`), el("ul", ...whole.slice(0, 60).map((i) => link(i, graph, go))),
    whole.length > 60 ? with_(el("p", `and ${whole.length - 60} more`), "soft") : null];
}
function block(title, told) {
  if (!told) return [];
  const pre = el("pre", told.text === "" ? "(empty)" : told.text);
  pre.tabIndex = 0;
  return [el("h3", title), pre, told.cut ? with_(el("p", `${told.cut.toLocaleString("en")} more characters`), "soft") : null];
}
const said = (one) => el("blockquote", one.text.text || "(no text)", one.score === null ? null : el("small", ` · score ${one.score}`));

export function details(panel, told, i, graph, go) {
  const brief = graph.nodes[i];
  const chips = [WORDS[told.kind], told.output ? "output" : null, told.parameter ? `${told.parameter}, version ${told.version}` : told.type]
    .filter(Boolean).map((text) => with_(el("span", text), "chip plain"));
  const parts = [...chips, el("h2", told.name), told.description ? el("p", told.description.text) : null,
    ...(told.line ? [el("pre", told.line.text)] : [])];
  if (brief.blame !== undefined) parts.push(el("h3", "Blame"), el("p", el("b", `${(100 * brief.blame).toFixed(1)} %`), ` ${brief.why}`));
  if (told.feedback.length) parts.push(el("h3", "Feedback"), ...told.feedback.map(said));
  parts.push(...(told.error ? block("Error", told.error) : block("Value", told.value)));
  parts.push(...block("Must obey", told.constraint));
  parts.push(...list("Parents", graph.above[i], graph, go), ...list("Children", graph.below[i], graph, go));
  if (told.operation?.source.text) parts.push(...block("Source", told.operation.source));
  panel.replaceChildren(...parts.filter(Boolean));
  panel.scrollTop = 0;
}

export function announce(panel, graph, go) {
  const { nodes } = graph, of = (kind) => nodes.map((_, i) => i).filter((i) => nodes[i].kind === kind);
  const counts = Object.keys(WORDS).map((kind) => [of(kind).length, WORDS[kind]]).filter(([n]) => n)
    .map(([n, word]) => `${n.toLocaleString("en")} ${word}${n > 1 && word !== "feedback" ? "s" : ""}`).join(" · ");
  const blamed = nodes.map((_, i) => i).filter((i) => nodes[i].blame > 0).sort((a, b) => nodes[b].blame - nodes[a].blame);
  panel.replaceChildren(...[el("h2", "Overview"), el("p", counts),
    graph.left_out ? el("p", `${graph.left_out} calls were left out.`) : null,
    ...list("Outputs", graph.outputs, graph, go), ...list("Parameters", of("parameter"), graph, go),
    ...list("Errors", of("exception"), graph, go), ...list("Most blamed", blamed.slice(0, 20), graph, go),
    with_(el("p", "Arrows walk along edges, + and - zoom, 0 shows all, / searches, Escape lets go."), "soft")].filter(Boolean));
}
