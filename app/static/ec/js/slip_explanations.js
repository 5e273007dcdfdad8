// Rows of the table of explanations: each is kept while one types, one request at a time, and nobody's words are lost.
import { post, Refused, Unanswered } from "./net.js";
import { text } from "./text.js";

const PAUSE = 900; // ms without a key before a row is kept
const AGAIN = 5000; // ms until a row that got no answer is tried once more
const NAMES = ["stance", "explanation", "passage", "quote", "version"];
const rows = new Map();

function show(form, sentence, bad) {
  const line = form.querySelector("[data-state]");
  line.classList.toggle("ec-error", bad);
  line.querySelector("span").textContent = sentence;
}

function count() {
  const line = document.querySelector("[data-open-count]");
  const open = document.querySelectorAll("[data-row][data-gap]").length;
  line.textContent = text("rows_open", { open, all: line.dataset.all });
}

async function save(form) {
  const row = rows.get(form);
  clearTimeout(row.timer);
  if (row.saving || !row.dirty) return;
  row.saving = true;
  row.dirty = false;
  show(form, text("row_saving"), false);
  try {
    const values = Object.fromEntries(NAMES.map((name) => [name, form.elements[name].value]));
    const answer = await post(form.action, values);
    form.elements.version.value = String(answer.version);
    if (answer.gap) form.dataset.gap = answer.gap;
    else delete form.dataset.gap;
    show(form, text("row_saved", { said: answer.said }), Boolean(answer.gap));
    count();
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    row.unsaved = true;
    show(form, text("row_unsaved", { why: problem.message }), true);
    if (problem instanceof Unanswered) later(form, AGAIN);
    return;
  } finally {
    row.saving = false;
  }
  row.unsaved = false;
  if (row.dirty) await save(form);
}

function later(form, pause) {
  const row = rows.get(form);
  row.dirty = true;
  clearTimeout(row.timer);
  row.timer = setTimeout(() => save(form), pause);
}

for (const form of document.querySelectorAll("[data-row]")) {
  rows.set(form, { timer: null, dirty: false, saving: false, unsaved: false });
  form.addEventListener("input", () => later(form, PAUSE));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    rows.get(form).dirty = true;
    save(form);
  });
}
addEventListener("beforeunload", (event) => {
  if ([...rows.values()].some((row) => row.dirty || row.saving || row.unsaved)) event.preventDefault();
});
