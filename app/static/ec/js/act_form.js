// Forms of acts that are sent by a script: a refusal shows at its field and keeps what was typed; one press, one act.
import { Refused, submit, Unanswered } from "./net.js";

function complain(form, problem, warn) {
  const field = problem.field && form.querySelector(`[data-field-problem="${problem.field}"]`);
  const line = field || form.querySelector("[data-act-problem]");
  if (!line) return warn(problem.message);
  line.querySelector("span").textContent = problem.message;
  line.hidden = false;
  if (!field) return undefined;
  const input = form.elements[problem.field];
  input.setAttribute("aria-invalid", "true");
  if (input.type === "password") input.value = "";
  input.focus();
  return undefined;
}

function clean(form) {
  for (const line of form.querySelectorAll(".ec-error")) line.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

async function act(form, button, { warn, done }) {
  clean(form);
  warn("");
  button.setAttribute("aria-disabled", "true");
  form.dataset.sent = "1";
  try {
    const page = await submit(form, button);
    delete form.dataset.sent;
    form.closest("dialog")?.close();
    form.reset();
    await done(page, form);
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    complain(form, problem, warn);
  } finally {
    delete form.dataset.sent;
    button.removeAttribute("aria-disabled");
  }
}

/** `warn` shows a sentence outside of the form ("" takes it away); `done` gets the page that the server led to, or null. */
export function initActs({ warn, done }) {
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target.closest("[data-act]");
      if (!form) return;
      event.preventDefault();
      if (!form.dataset.sent) act(form, event.submitter, { warn, done });
    },
    true,
  );
}
