// Exchanges the parts of a page that a change of state has made old, and leaves everything that a person is busy with.
import { page, Unanswered } from "./net.js";

const busy = (region) =>
  region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select") ||
  region.querySelector("dialog[open], form[data-sent], form[data-asked]") !== null;

function keepOpen(old, fresh) {
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  fresh.querySelectorAll("details").forEach((details, index) => {
    if (open[index] !== undefined) details.open = open[index];
  });
  const scrolled = old.querySelector(".ec-cp-scroll")?.scrollTop;
  return () => {
    if (scrolled) fresh.querySelector(".ec-cp-scroll")?.scrollTo(0, scrolled);
  };
}

function exchange(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const settle = keepOpen(old, fresh);
  fresh.hidden = old.hidden;
  old.replaceWith(fresh);
  settle();
  if (focused) document.getElementById(focused)?.focus();
}

let running = null;
let again = false;

/** Puts the regions of a page just received into this one. */
export function draw(fresh) {
  for (const old of document.querySelectorAll("[data-region]")) {
    const other = fresh.querySelector(`[data-region="${old.dataset.region}"]`);
    const silent = old.dataset.region === "flash" && !other?.textContent.trim(); // a message stays until the next act
    if (other && !silent && !busy(old)) exchange(old, document.importNode(other, true));
  }
  document.dispatchEvent(new CustomEvent("ec:drawn"));
}

async function refreshOnce() {
  draw(await page(location.href.split("#")[0]));
}

/** Draws all regions anew; calls while one is running are folded into one more run. */
export async function refresh() {
  again = true;
  if (running) return running;
  running = (async () => {
    while (again) {
      again = false;
      try {
        await refreshOnce();
      } catch (problem) {
        if (!(problem instanceof Unanswered)) throw problem;
      }
    }
    running = null;
  })();
  return running;
}
