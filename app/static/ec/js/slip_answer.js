// The page of a slip: write, see exactly what will be signed, PIN, send, receipt.
//
// An answer has one nonce from the moment it is prepared, and is sent again with it until a receipt or a refusal has come; nothing here
// says "recorded" before. What was typed stays, whatever happens: in the form, in the draft on the server, or on this device.
import { post, Refused, Unanswered } from "./net.js";
import { patience } from "./patience.js";
import { asksAgain, pinPatience, pinWords } from "./pin.js";
import { refresh } from "./regions.js";
import { device } from "./slip_device.js";
import { Draft } from "./slip_draft.js";
import { initFiles } from "./slip_files.js";
import { fillForm, missing, readForm, syncReserve } from "./slip_form.js";
import { askToSign, fillAnswers, sameAnswer } from "./slip_sheet.js";
import { complainAt, showStep } from "./steps.js";
import { text, timeOf } from "./text.js";
import { numbering } from "./vote_sheet.js";

const card = document.getElementById("slip");
const form = card.querySelector("[data-form]");
const sheet = document.getElementById("confirm");
const OVER = new Set(["slip_over", "slip_recalled", "round_over", "slip_not_open"]);

let answer = null; // {nonce, statement, passkey, pin?, answer?} between prepare and receipt
let asking = null; // the sheet, until what came of it is known: a browser tells a moment later that it was closed
const draft = new Draft(card, form);
const retry = patience();
const numbers = numbering();
const part = (name) => form.querySelector(`[${name}]`);
const show = (step) => showStep(card, step);
const complain = (sentence) => complainAt(part("data-problem"), sentence, "nearest");

/** Step 1: the server fixes the text; the sheet shows what is in it and nothing else. */
async function prepare(note = "") {
  const content = readForm(form);
  const lack = missing(form, content);
  complain(lack?.sentence);
  if (lack) {
    if (lack.field) lead(form.querySelector(`input[name="${lack.field}"]`));
    return;
  }
  const nonce = numbers.of([content, draft.fields]);
  const button = part("data-next");
  button.setAttribute("aria-disabled", "true");
  try {
    const prepared = await post(card.dataset.prepare, { ...content, as_typed: draft.fields, nonce });
    numbers.answered();
    if (!sameAnswer(prepared, content, nonce)) {
      complain(text("slip_mismatch"));
      return;
    }
    answer = { nonce, statement: prepared.statement, passkey: prepared.passkey };
    fillAnswers(sheet, [prepared]);
    asking = confirm(note);
  } catch (problem) {
    if (problem instanceof Refused) {
      numbers.answered();
      refused(problem);
    } else if (problem instanceof Unanswered) complain(problem.message);
    else throw problem;
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** To a field that wants an answer, with its question in sight. */
function lead(field) {
  field.focus({ preventScroll: true });
  field.closest("[data-question]").scrollIntoView();
}

async function confirm(note) {
  const given = await askToSign(sheet, answer, note);
  if (!given) {
    answer = null;
    part("data-next").focus();
    return;
  }
  Object.assign(answer, given);
  send();
}

/** Step 2: sign and send. */
async function send() {
  show("sending");
  try {
    await draft.hold();
    const sent = { nonce: answer.nonce, pin: answer.pin, ...(answer.answer && { passkey: answer.answer }) };
    const { receipt } = await post(card.dataset.sign, sent, pinPatience(sheet.querySelector("#pin")));
    await recorded(receipt);
  } catch (problem) {
    if (problem instanceof Unanswered) unsent();
    else if (problem instanceof Refused) refused(problem);
    else throw problem;
  }
}

async function recorded(receipt) {
  draft.done();
  settled();
  const line = card.querySelector("[data-receipt-line]");
  line.textContent = text("slip_recorded", { time: timeOf(receipt.at), n: receipt.leaf_seq });
  part("data-keep-answer").hidden = false;
  show("receipt");
  document.dispatchEvent(new CustomEvent("ec:answered"));
  await refresh();
}

function settled() {
  retry.reset();
  draft.release();
  answer = null;
  part("data-unsent").hidden = true;
  part("data-fields").disabled = false;
  part("data-next").hidden = false;
}

function refused(problem) {
  const waiting = answer;
  if (problem.code === "session_locked" && waiting?.pin) {
    unsent();
    return;
  }
  show("choose");
  if (asksAgain(problem) && waiting) {
    settled();
    answer = { ...waiting, pin: undefined };
    asking = confirm(pinWords(problem));
    return;
  }
  settled();
  if (problem.code === "not_prepared") {
    prepare(text("prepared_expired"));
    return;
  }
  if (problem.details.offered !== undefined) draft.offer([problem]);
  complain(problem.message);
  if (OVER.has(problem.code) || problem.code === "another_answer_stands") refresh();
}

/** No answer: it may or may not have arrived. Say so, and ask again with the same nonce. */
function unsent() {
  show("choose");
  part("data-fields").disabled = true;
  part("data-next").hidden = true;
  part("data-unsent-what").textContent = text("slip_not_sent");
  part("data-unsent").hidden = false;
  part("data-unsent").scrollIntoView({ block: "nearest" });
  retry.wait((left) => (part("data-unsent-next").textContent = text("next_try", { n: left })), again);
}

function again() {
  if (!answer?.pin || card.dataset.step === "sending") return;
  retry.stop();
  part("data-unsent-next").textContent = text("trying");
  send();
}

function initForm() {
  draft.start();
  initFiles(form, card.dataset.attach, () => draft.changed());
  form.addEventListener("change", () => {
    syncReserve(form);
    if (!draft.over) complain("");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await asking;
    if (part("data-next").getAttribute("aria-disabled") !== "true" && !answer) prepare();
  });
  part("data-retry").addEventListener("click", again);
  part("data-keep-answer").addEventListener("click", () => show("receipt"));
  card.addEventListener("click", (event) => {
    if (!event.target.closest("[data-change]")) return;
    show("choose");
    card.scrollIntoView();
  });
  addEventListener("online", again);
  document.addEventListener("ec:unlocked", again);
  addEventListener("beforeunload", (event) => {
    if (answer?.pin) event.preventDefault();
  });
  syncReserve(form);
}

/** Extended, closed, recalled or answered elsewhere: the page says so at once, and what was typed stays. */
function initNews() {
  document.addEventListener("ec:notice", ({ detail }) => {
    if (Number(detail?.slip_id) === Number(card.dataset.slip)) refresh();
  });
  document.addEventListener("ec:drawn", () => {
    const open = document.querySelector('[data-region="state"]').dataset.takes === "yes";
    if (!sheet || open || answer?.pin) return;
    draft.over = true;
    if (sheet.open) sheet.close();
    part("data-next").setAttribute("aria-disabled", "true");
    if (card.dataset.step === "choose") complain(text("slip_over"));
  });
}

async function noteSeen() {
  try {
    await post(card.dataset.seen, { device: device() });
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
  }
}

/** Nothing can be sent any more: what was typed on this device and never arrived is still to be read. */
function showKept() {
  const kept = draft.kept();
  if (!kept) return;
  fillForm(form, kept.content);
  draft.say(text("slip_left_here"));
  card.hidden = false;
}

if (sheet) initForm();
else showKept();
initNews();
if (card.dataset.seen) noteSeen();
