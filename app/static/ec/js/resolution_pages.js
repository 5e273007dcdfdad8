// Turning the pages of a Resolution: tabs or buttons lead to a page, and follow when somebody scrolls.
import { text } from "./text.js";

const desk = document.getElementById("main");
const pages = () => [...desk.querySelectorAll("img[id^='page-']")];
let shown = 1;

function mark(number) {
  shown = number;
  const tab = document.querySelector(`input[name="page"][value="${number}"]`);
  if (tab) tab.checked = true;
  const line = document.querySelector("[data-page-no]");
  const words = text("page_of", { page: number, pages: pages().length });
  if (line && line.textContent !== words) line.textContent = words;
}

function go(number) {
  const wanted = Math.min(Math.max(1, number), pages().length);
  const sheet = document.getElementById(`page-${wanted}`);
  desk.scrollTo({ top: desk.scrollTop + sheet.getBoundingClientRect().top - desk.getBoundingClientRect().top - 16 });
  mark(wanted);
}

/** The page of which most lies in the upper half of the desk. */
function nearest() {
  const middle = desk.getBoundingClientRect().top + desk.clientHeight / 3;
  const found = pages().findLast((sheet) => sheet.getBoundingClientRect().top <= middle);
  return found ? Number(found.id.slice("page-".length)) : 1;
}

export function initPages() {
  document.addEventListener("change", (event) => {
    if (event.target.name === "page") go(Number(event.target.value));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-turn]");
    if (button) go(shown + Number(button.dataset.turn));
  });
  let waiting = false;
  desk.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark(nearest());
    });
  });
  document.addEventListener("ec:drawn", () => mark(nearest()));
}
