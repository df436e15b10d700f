// Choosing a node
let current = null, stop = 0;
function reach(start, next) {
  const seen = new Set(), waiting = [start];
  while (waiting.length) for (const i of next[waiting.pop()]) if (!seen.has(i)) { seen.add(i); waiting.push(i); }
  return seen;
}
function stopAt(i) {
  drawn[stop]?.setAttribute("tabindex", "-1");
  drawn[stop = i]?.setAttribute("tabindex", "0");
}
function choose(i) {
  drawn[current]?.classList.remove("current");
  for (const g of canvas.querySelectorAll(".near")) g.classList.remove("near");
  current = i;
  canvas.classList.toggle("chosen", i !== null);
  if (i === null) { draw([], ["lit", "litguesses", "littips"]); overview(); return; }
  drawn[i].classList.add("current");
  stopAt(i);
  const back = reach(i, above), on = reach(i, below);
  for (const j of [...back, ...on]) drawn[j].classList.add("near");
  back.add(i); on.add(i);
  const lit = (s, t) => (back.has(s) && back.has(t)) || (on.has(s) && on.has(t));
  const far = new Map();
  for (const [s, t, layer] of segments)
    if (t >= 0 && lit(s, t)) far.set(s, Math.max(far.get(s) ?? -Infinity, layer));
  draw(segments.filter(([s, t, layer]) => t >= 0 ? lit(s, t) : layer < (far.get(s) ?? -Infinity)),
    ["lit", "litguesses", "littips"]);
  details(i);
}
function go(i) { choose(i); keepVisible(i); }
canvas.addEventListener("click", (event) => {
  if (moved >= 5) return;
  const g = event.target.closest?.(".node");
  choose(g ? Number(g.dataset.node) : null);
});

const DIRECTIONS = {
  ArrowUp: (i) => nearest(above[i], i), ArrowDown: (i) => nearest(below[i], i),
  ArrowLeft: (i) => beside(i, -1), ArrowRight: (i) => beside(i, 1),
};
function nearest(list, i) {
  return [...list].sort((a, b) => Math.hypot(nodes[a].x - nodes[i].x, nodes[a].y - nodes[i].y)
    - Math.hypot(nodes[b].x - nodes[i].x, nodes[b].y - nodes[i].y))[0];
}
function beside(i, way) {
  const row = nodes.map((_, j) => j).filter((j) => nodes[j].y === nodes[i].y).sort((a, b) => nodes[a].x - nodes[b].x);
  return row[row.indexOf(i) + way];
}
canvas.addEventListener("keydown", (event) => {
  const g = event.target.closest?.(".node");
  if (!g) return;
  const i = Number(g.dataset.node);
  if (event.key === "Enter" || event.key === " ") choose(i);
  else if (event.key in DIRECTIONS) {
    const next = DIRECTIONS[event.key](i);
    if (next !== undefined) {
      stopAt(next);
      drawn[next].focus({ preventScroll: true });
      keepVisible(next);
      if (current !== null) choose(next);
    }
  } else return;
  event.preventDefault();
});
canvas.addEventListener("focusin", (event) => {
  const g = event.target.closest?.(".node");
  if (g && g.matches(":focus-visible")) keepVisible(Number(g.dataset.node));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if ($("search").value) { $("search").value = ""; search(); } else choose(null);
    return;
  }
  if (event.target === $("search") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") { $("search").focus(); event.preventDefault(); }
  else if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else if (event.key === "0") fit(0);
});
