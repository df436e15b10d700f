// Live pages: when the server tells of a change, this page is fetched again, and the elements
// marked data-live (each with an id) are exchanged. Nothing that a message says is ever made into
// HTML here: it all comes escaped from the server.
const PAUSE = 700; // milliseconds between two refreshes

export function follow(body) {
  if (!body.dataset.events) return;
  const beat = document.querySelector(".beat");
  const source = new EventSource(body.dataset.events);
  let pulse = body.dataset.pulse;
  let waiting = false;

  const refresh = async () => {
    waiting = false;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) return;
    exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => (document.hidden ? (waiting = false) : refresh()), PAUSE);
  };
  source.addEventListener("open", () => {
    beat.classList.add("on");
    beat.title = "live";
  });
  source.addEventListener("error", () => {
    beat.classList.remove("on");
    beat.title = "not live: the server cannot be reached";
  });
  source.addEventListener("happened", (message) => {
    document.dispatchEvent(new CustomEvent("happened", { detail: JSON.parse(message.data) }));
    soon();
  });
  source.addEventListener("changed", (message) => {
    const now = JSON.parse(message.data).pulse;
    if (now !== pulse) soon();
    pulse = now;
  });
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  addEventListener("pagehide", () => source.close());
}

function exchange(fresh) {
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const now = fresh.getElementById(old.id);
    if (!now || now.outerHTML === old.outerHTML) continue;
    // What somebody is writing stays.
    if ([...old.querySelectorAll("textarea")].some((field) => field.value)) continue;
    if (old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
    const place = placeOf(old);
    const opened = new Set([...old.querySelectorAll("details[open] > summary")].map(named));
    for (const summary of now.querySelectorAll("details > summary")) {
      if (opened.has(named(summary))) summary.parentElement.open = true;
    }
    old.replaceWith(document.adoptNode(now));
    focusAt(now, place);
  }
  document.dispatchEvent(new CustomEvent("refreshed"));
}

const named = (summary) => summary.dataset.key || summary.textContent;

// The focused element inside, by its link or id, so that keys go on where they were.
function placeOf(old) {
  const focused = document.activeElement;
  if (!old.contains(focused) || focused === old) return null;
  return focused.id ? `#${CSS.escape(focused.id)}` : focused.matches("a[href]") ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]` : null;
}

function focusAt(now, place) {
  if (place) now.querySelector(place)?.focus({ preventScroll: true });
}
