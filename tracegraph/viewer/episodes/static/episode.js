// The timeline: j and k jump from turn to turn, a click enlarges a picture, f folds all texts.
const turns = [...document.querySelectorAll(".turn")];
let at = turns.findIndex((turn) => `#${turn.id}` === location.hash);

function go(to) {
  if (!turns.length) return;
  at = Math.min(Math.max(to, 0), turns.length - 1);
  for (const turn of turns) turn.classList.toggle("here", turn === turns[at]);
  turns[at].scrollIntoView({ block: "start" });
  turns[at].focus({ preventScroll: true });
  history.replaceState(null, "", `#${turns[at].id}`);
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "j") go(at + 1);
  else if (event.key === "k") go(at - 1);
  else if (event.key === "g") go(0);
  else if (event.key === "G") go(turns.length - 1);
  else if (event.key === "f") {
    const texts = [...document.querySelectorAll("details.long")];
    const open = texts.some((text) => !text.open);
    for (const text of texts) text.open = open;
  } else return;
  event.preventDefault();
});

const shown = document.createElement("dialog");
shown.className = "enlarged";
document.body.append(shown);
shown.addEventListener("click", () => shown.close());
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.enlarge");
  if (!button) return;
  shown.replaceChildren(...[...button.children].map((child) => child.cloneNode(true)));
  shown.showModal();
});
if (at >= 0) go(at);
