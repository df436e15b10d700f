// Pan and zoom
const canvas = $("drawing"), world = $("world");
const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
for (const { x, y } of nodes) {
  box.left = Math.min(box.left, x - W / 2); box.right = Math.max(box.right, x + W / 2);
  box.top = Math.min(box.top, y - H / 2); box.bottom = Math.max(box.bottom, y + H / 2);
}
const view = { x: 0, y: 0, k: 1 };
function show() {
  world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
  canvas.classList.toggle("far", view.k < 0.33);
}
function fit(least) {
  const { width, height } = canvas.getBoundingClientRect();
  const legend = 60, wide = box.right - box.left, high = box.bottom - box.top;
  const whole = Math.min(1.1, (width - 90) / wide, (height - legend - 50) / high);
  view.k = Math.max(least, whole, 0.01);
  view.x = width / 2 - view.k * (box.left + box.right) / 2;
  view.y = (height - legend) / 2 - view.k * (box.top + box.bottom) / 2;
  if (whole < least) { view.k = 0.7; reveal(data.outputs[0] ?? 0, 0.7); }
  show();
}
function reveal(i, part = 0.5) {
  const { width, height } = canvas.getBoundingClientRect();
  view.x = width / 2 - view.k * nodes[i].x;
  view.y = height * part - view.k * nodes[i].y;
  show();
}
function zoom(factor, x, y) {
  const { width, height } = canvas.getBoundingClientRect();
  const at = [x ?? width / 2, y ?? height / 2];
  const k = Math.min(3, Math.max(0.01, view.k * factor));
  view.x = at[0] - (at[0] - view.x) * k / view.k;
  view.y = at[1] - (at[1] - view.y) * k / view.k;
  view.k = k;
  show();
}
function keepVisible(i) {
  const { width, height } = canvas.getBoundingClientRect();
  const x = view.x + view.k * nodes[i].x, y = view.y + view.k * nodes[i].y;
  if (view.k < 0.33) view.k = 0.7;
  else if (x > 100 && x < width - 100 && y > 50 && y < height - 90) return;
  reveal(i);
}
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - left, event.clientY - top);
}, { passive: false });
const fingers = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (fingers.size === 1) moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) return;
  const dx = event.clientX - last[0], dy = event.clientY - last[1];
  moved += Math.abs(dx) + Math.abs(dy);
  if (moved < 5) return;
  // Only now: a captured pointer would take the click away from the node.
  canvas.setPointerCapture(event.pointerId);
  canvas.classList.add("dragged");
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const { left, top } = canvas.getBoundingClientRect();
    const before = Math.hypot(last[0] - other[0], last[1] - other[1]);
    const after = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
    if (before > 0) zoom(after / before, other[0] - left, other[1] - top);
  } else {
    view.x += dx; view.y += dy;
    show();
  }
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => {
  fingers.delete(event.pointerId);
  if (!fingers.size) canvas.classList.remove("dragged");
});
$("closer").addEventListener("click", () => zoom(1.3));
$("farther").addEventListener("click", () => zoom(1 / 1.3));
$("fit").addEventListener("click", () => fit(0));
