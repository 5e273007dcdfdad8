// Light or dark: kept in a cookie, so that the server draws the next page in the right colours at once.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const YEAR = 60 * 60 * 24 * 365;

const current = () => root.dataset.theme || (system.matches ? "dark" : "light");

function paint(theme) {
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.setAttribute("aria-label", theme === "dark" ? button.dataset.toLight : button.dataset.toDark);
  }
}

export function initTheme() {
  if (!root.dataset.theme && system.matches) root.dataset.theme = "dark";
  paint(current());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const next = current() === "dark" ? "light" : "dark";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `ec_theme=${next}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
    root.dataset.theme = next;
    paint(next);
  });
}
