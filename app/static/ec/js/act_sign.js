// An act that is signed (annulling a vote, confirming a tie): reason, prepared text, PIN; sent again with the same nonce.
import { post, Refused, Unanswered } from "./net.js";
import { pinFault, pinPatience, pinWords } from "./pin.js";
import { text, timeOf } from "./text.js";
import { numbering } from "./vote_sheet.js";

const numbers = numbering();

const part = (form, name) => form.querySelector(`[${name}]`);

function complain(form, problem) {
  const field = problem.field && form.querySelector(`[data-field-problem="${problem.field}"]`);
  const line = field || part(form, "data-act-problem");
  line.querySelector("span").textContent = pinWords(problem);
  line.hidden = false;
  if (!field) return;
  form.elements[problem.field].setAttribute("aria-invalid", "true");
  form.elements[problem.field].focus();
}

function clean(form) {
  for (const line of form.querySelectorAll(".ec-error")) line.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

function step(form, signing) {
  part(form, "data-words").disabled = signing;
  part(form, "data-signing").hidden = !signing;
  part(form, 'data-step="prepare"').hidden = signing;
  part(form, 'data-step="sign"').hidden = !signing;
  form.elements.pin.value = "";
  if (signing) form.elements.pin.focus();
  else delete form.dataset.nonce;
}

function showPrepared(form, { statement, shown, expires_at: expires }) {
  const rows = (Array.isArray(shown) ? shown : []).filter(([, value]) => value).map(([label, value]) => {
    const row = document.createElement("div");
    const name = document.createElement("dt");
    const words = document.createElement("dd");
    name.textContent = label;
    words.textContent = value;
    row.append(name, words);
    return row;
  });
  part(form, "data-shown").replaceChildren(...rows);
  part(form, "data-raw").textContent = statement;
  if (!rows.length) part(form, "data-raw").closest("details").open = true;
  part(form, "data-expires").textContent = expires ? text("expires", { time: timeOf(expires) }) : "";
}

async function prepare(form) {
  const fields = Object.fromEntries([...new FormData(form)].filter(([key]) => key !== "pin" && key !== "csrf_token"));
  const address = `${form.dataset.signAct}/prepare`;
  const name = numbers.of([address, fields]);
  const prepared = await post(address, { ...fields, nonce: name });
  numbers.answered();
  if (JSON.parse(prepared.statement).nonce !== name) throw new Refused(409, { code: "mismatch" });
  showPrepared(form, prepared);
  step(form, true);
  form.dataset.nonce = name;
}

async function sign(form) {
  const pin = form.elements.pin.value;
  const fault = pinFault(form.elements.pin);
  if (fault) throw new Refused(422, { code: "pin_form", field: "pin", message: fault });
  form.elements.pin.value = "";
  await post(`${form.dataset.signAct}/sign`, { nonce: form.dataset.nonce, pin }, pinPatience(form.elements.pin));
  form.reset();
  step(form, false);
  form.closest("dialog").close();
  return true;
}

async function go(form, button, done) {
  clean(form);
  button.setAttribute("aria-disabled", "true");
  form.dataset.sent = "1";
  let finished = false;
  try {
    if (form.dataset.nonce) finished = await sign(form);
    else await prepare(form);
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    if (problem instanceof Refused) numbers.answered();
    if (problem.code === "not_prepared") step(form, false);
    complain(form, problem);
  } finally {
    delete form.dataset.sent;
    button.removeAttribute("aria-disabled");
  }
  if (finished) await done();
}

/** `done` is called after an act was carried out; the page then looks what is so now. */
export function initSigning(done) {
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target.closest("[data-sign-act]");
      if (!form) return;
      event.preventDefault();
      if (!form.dataset.sent) go(form, event.submitter, done);
    },
    true,
  );
  document.addEventListener(
    "close",
    (event) => {
      const form = event.target.querySelector?.("[data-sign-act]");
      if (form && !form.dataset.sent) step(form, false);
    },
    true,
  );
}
