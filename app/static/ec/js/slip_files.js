// Files beside an answer: sent at once, named in the draft, taken off again.
import { send, Refused, Unanswered } from "./net.js";
import { text } from "./text.js";

function complain(form, sentence) {
  const line = form.querySelector("[data-file-problem]");
  line.querySelector("span").textContent = sentence || "";
  line.hidden = !sentence;
}

function addRow(form, { id, name, url }) {
  const list = form.querySelector("[data-files]");
  if (list.querySelector(`[data-file="${Number(id)}"]`)) return;
  const row = form.querySelector("[data-file-shape]").content.firstElementChild.cloneNode(true);
  row.dataset.file = id;
  row.querySelector("a").textContent = name;
  row.querySelector("a").href = url;
  row.querySelector("input").value = id;
  list.append(row);
}

async function attach(form, input, address, changed) {
  const [file] = input.files;
  if (!file) return;
  complain(form, "");
  form.querySelector("[data-draft-line]").textContent = text("slip_checking");
  try {
    addRow(form, await send(address, { file }));
    changed();
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    form.querySelector("[data-draft-line]").textContent = "";
    complain(form, problem.message);
  } finally {
    input.value = "";
  }
}

export function initFiles(form, address, changed) {
  const input = form.querySelector('input[type="file"]');
  input.addEventListener("change", (event) => {
    event.stopPropagation(); // the draft changes when the file is there
    attach(form, input, address, changed);
  });
  form.querySelector("[data-files]").addEventListener("click", (event) => {
    const taken = event.target.closest("[data-take-off]");
    if (!taken) return;
    taken.closest("li").remove();
    input.focus();
    changed();
  });
}
