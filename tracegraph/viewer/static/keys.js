// Keys: / to the search, j and k or the arrows through a list, Enter opens, Escape leaves a field.
// A list is an element with data-list; its entries are the links data-entry. Where they have a
// data-depth, the list is a tree: left goes to the parent, right to the first child.
export function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, select");
    if (typing) {
      if (event.key === "Escape") typing.blur();
      return;
    }
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    } else if (["j", "ArrowDown"].includes(event.key)) {
      step(1, event);
    } else if (["k", "ArrowUp"].includes(event.key)) {
      step(-1, event);
    } else if (["ArrowLeft", "ArrowRight"].includes(event.key)) {
      climb(event);
    }
  });
}

const entriesOf = (list) => [...list.querySelectorAll("[data-entry]")].filter((entry) => entry.checkVisibility());

function climb(event) {
  const here = document.activeElement, depth = Number(here.dataset.depth);
  if (!here.matches("[data-list] [data-entry][data-depth]")) return;
  const entries = entriesOf(here.closest("[data-list]")), at = entries.indexOf(here);
  const to = event.key === "ArrowLeft"
    ? entries.slice(0, at).findLast((entry) => Number(entry.dataset.depth) < depth)
    : entries.slice(at + 1, at + 2).find((entry) => Number(entry.dataset.depth) > depth);
  event.preventDefault();
  to?.focus();
}

function step(by, event) {
  const list = document.activeElement.closest("[data-list]") || document.querySelector("[data-list]");
  if (!list) return;
  // The arrows scroll, as long as no entry has been chosen.
  const arrow = event.key.startsWith("Arrow");
  const entries = entriesOf(list);
  const at = entries.indexOf(document.activeElement);
  if (!entries.length || (arrow && at < 0)) return;
  event.preventDefault();
  const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), entries.length - 1);
  entries[to].focus();
}
