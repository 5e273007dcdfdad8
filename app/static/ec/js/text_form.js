// A typed Resolution: judged by the server while one writes, never sent twice, and not left by accident.
import { Refused, submit, Unanswered } from "./net.js";
import { draw } from "./regions.js";

const PAUSE = 900; // ms without a key before the text is judged
const form = document.querySelector("[data-text-form]");
const check = form.querySelector("[data-check]");
let timer = null;
let dirty = false;
let judging = null;

async function judge() {
  clearTimeout(timer);
  if (judging) {
    timer = setTimeout(judge, PAUSE);
    return;
  }
  judging = submit(form, check);
  try {
    const page = await judging;
    if (page) draw(page);
    mark();
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem; // saving will say what is wrong
  } finally {
    judging = null;
  }
}

/** A field is marked as long as one of its lines cannot be read. */
function mark() {
  for (const area of form.querySelectorAll("textarea")) {
    const box = document.getElementById(`${area.name}-problems`);
    if (!box) continue;
    if (box.children.length) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
  }
}

function goTo({ goto: name, line }) {
  const area = form.elements[name];
  const lines = area.value.split("\n");
  const begin = lines.slice(0, Number(line) - 1).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(begin, begin + (lines[Number(line) - 1] || "").length);
  area.scrollTop = (Number(line) - 3) * (area.scrollHeight / Math.max(1, lines.length));
}

form.addEventListener("input", () => {
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(judge, PAUSE);
});
form.addEventListener("click", (event) => {
  const place = event.target.closest("[data-goto]");
  if (place) goTo(place.dataset);
});
form.addEventListener("submit", (event) => {
  if (event.submitter === check) {
    event.preventDefault();
    judge();
    return;
  }
  dirty = false; // ui.js sees to it that nothing is sent twice
  clearTimeout(timer);
});
addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});
if (form.querySelector("[aria-invalid]") || document.querySelector("main > .ec-banner--bad")) dirty = true; // came back with what was typed
