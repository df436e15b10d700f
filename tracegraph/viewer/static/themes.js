// The button that goes through: as the system, light, dark.
const NAMES = ["system", "light", "dark"];

export function theme(button) {
  const root = document.documentElement;
  const show = () => {
    const now = root.dataset.theme || "system";
    button.textContent = { system: "◐", light: "☀", dark: "☾" }[now];
    button.setAttribute("aria-label", `theme: ${now}`);
    button.title = `theme: ${now}`;
  };
  button.addEventListener("click", () => {
    const now = root.dataset.theme || "system";
    const next = NAMES[(NAMES.indexOf(now) + 1) % NAMES.length];
    if (next === "system") {
      delete root.dataset.theme;
      localStorage.removeItem("tracegraph-theme");
    } else {
      root.dataset.theme = next;
      localStorage.setItem("tracegraph-theme", next);
    }
    show();
  });
  show();
}
