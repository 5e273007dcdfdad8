// The vote card: choose, see exactly what will be signed, PIN, send, receipt.
//
// A ballot has one nonce from the moment it is prepared. Whatever happens to the line, it is sent again with that nonce, and the
// server gives the same receipt; nothing here says "recorded" before the receipt has come. The PIN stays in memory until then.
import { initSigning } from "./act_sign.js";
import { startLive } from "./live.js";
import { post, Refused, Unanswered } from "./net.js";
import { refreshCard, showProgress, watchCard } from "./vote_card.js";
import { confirmWithPasskey, offerPasskey, Unconfirmed } from "./vote_passkey.js";
import { fillReceipt, fillSheet, numbering, sameAsChosen } from "./vote_sheet.js";
import { patience } from "./patience.js";
import { asksAgain, pinFault, pinPatience, pinWords } from "./pin.js";
import { complainAt, pinProblem, showStep } from "./steps.js";
import { text } from "./text.js";
import { openSheet } from "./ui.js";

const card = document.getElementById("vote");
const form = card.querySelector("[data-vote]");
const sheet = document.getElementById("confirm");
const OVER = new Set(["poll_not_open", "poll_closed", "wrong_state"]);

let ballot = null; // {choice, nonce, expires, statement, passkey?, answer?, pin?} between prepare and receipt
const retry = patience();
const numbers = numbering();

const part = (name) => form.querySelector(`[${name}]`);
const show = (step) => showStep(card, step);
const complain = (sentence) => complainAt(part("data-problem"), sentence);
const picked = () => form.querySelector('input[name="choice"]:checked');

function sync() {
  const choice = picked();
  part("data-vote-next").setAttribute("aria-disabled", String(!choice));
  part("data-reserve").hidden = !choice || choice.value === "agree";
  if (choice) part("data-need").hidden = true;
}

function asked() {
  const choice = picked().value;
  const reservation = choice !== "agree" && form.elements.reservation.checked;
  const content = { choice, remark: form.elements.remark.value.trim(), reservation };
  return { ...content, nonce: numbers.of(content) };
}

/** Step 1: the server fixes the text; the sheet shows what is in it and nothing else. */
async function prepare(note = "") {
  const body = asked();
  const button = part("data-vote-next");
  complain("");
  button.setAttribute("aria-disabled", "true");
  try {
    const prepared = await post(card.dataset.prepare, body);
    numbers.answered();
    if (!sameAsChosen(prepared, body)) return complain(text("mismatch"));
    ballot = { ...body, expires: prepared.expires_at, statement: prepared.statement, passkey: prepared.passkey };
    fillSheet(sheet, prepared, picked().dataset);
    offerPasskey(sheet, prepared);
    pinProblem(sheet, note);
    openSheet(sheet);
    sheet.querySelector("#pin").focus();
  } catch (problem) {
    if (problem instanceof Unanswered) return complain(problem.message);
    if (!(problem instanceof Refused)) throw problem;
    numbers.answered();
    refused(problem);
  } finally {
    button.setAttribute("aria-disabled", "false");
  }
}

/** Step 2: sign and send. */
async function send() {
  show("sending");
  try {
    const sent = { nonce: ballot.nonce, pin: ballot.pin, ...(ballot.answer && { passkey: ballot.answer }) };
    const { receipt } = await post(card.dataset.sign, sent, pinPatience(sheet.querySelector("#pin")));
    settled();
    fillReceipt(card, receipt);
    show("receipt");
    if (card.dataset.state !== "open") refreshCard();
  } catch (problem) {
    if (problem instanceof Unanswered) unsent();
    else if (problem instanceof Refused) refused(problem);
    else throw problem;
  }
}

function settled() {
  retry.reset();
  ballot = null;
  part("data-unsent").hidden = true;
  part("data-choices").disabled = false;
  part("data-vote-next").hidden = false;
}

function refused(problem) {
  const waiting = ballot;
  if (problem.code === "session_locked" && waiting?.pin) return unsent();
  show("choose");
  if (asksAgain(problem) && waiting) {
    settled();
    ballot = { ...waiting, pin: undefined };
    openSheet(sheet);
    pinProblem(sheet, pinWords(problem));
    sheet.querySelector("#pin").focus();
    return undefined;
  }
  settled();
  if (sheet.open) sheet.close();
  if (problem.code === "not_prepared") return prepare(text("prepared_expired"));
  complain(problem.message);
  if (OVER.has(problem.code)) document.dispatchEvent(new CustomEvent("ec:ask"));
  return undefined;
}

/** No answer: the ballot may or may not have arrived. Say so, and ask again with the same nonce. */
function unsent() {
  show("choose");
  part("data-choices").disabled = true;
  part("data-vote-next").hidden = true;
  part("data-unsent-what").textContent = text("not_sent", { choice: text(ballot.choice) });
  part("data-unsent").hidden = false;
  part("data-unsent").scrollIntoView({ block: "nearest" });
  retry.wait((left) => (part("data-unsent-next").textContent = text("next_try", { n: left })), again);
}

function again() {
  if (!ballot?.pin || card.dataset.step === "sending") return;
  retry.stop();
  part("data-unsent-next").textContent = text("trying");
  send();
}

function initForm() {
  form.addEventListener("change", sync);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!picked()) {
      part("data-need").hidden = false;
      form.querySelector('input[name="choice"]').focus();
      return;
    }
    if (part("data-vote-next").getAttribute("aria-disabled") !== "true") prepare();
  });
  part("data-retry").addEventListener("click", again);
  part("data-keep-choice")?.addEventListener("click", () => show("receipt"));
  card.querySelector("[data-change]")?.addEventListener("click", () => {
    show("choose");
    form.querySelector('input[name="choice"]').focus();
  });
  addEventListener("online", again);
  document.addEventListener("ec:unlocked", again);
  addEventListener("beforeunload", (event) => {
    if (ballot?.pin) event.preventDefault();
  });
  sync();
}

/** The passkey first, while the sheet still shows what it confirms; then the PIN goes with it. */
async function authorise(input, button) {
  const fault = pinFault(input);
  if (fault) {
    pinProblem(sheet, fault);
    input.focus();
    return;
  }
  const asked = ballot;
  button.setAttribute("aria-disabled", "true");
  try {
    asked.answer = await confirmWithPasskey(sheet, asked);
  } catch (problem) {
    if (!(problem instanceof Unconfirmed)) throw problem;
    if (ballot === asked) pinProblem(sheet, problem.message);
    return;
  } finally {
    button.removeAttribute("aria-disabled");
  }
  if (ballot !== asked || !sheet.open) return;
  ballot.pin = input.value;
  input.value = "";
  sheet.close();
  send();
}

function initSheet() {
  const input = sheet.querySelector("#pin");
  const button = sheet.querySelector("[data-sign-button]");
  sheet.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") !== "true") authorise(input, button);
  });
  input.addEventListener("input", () => pinProblem(sheet, ""));
  sheet.addEventListener("close", () => {
    if (sheet.open) return; // told a moment later, and opened again by then
    input.value = "";
    pinProblem(sheet, "");
    if (!ballot?.pin) ballot = null;
    if (card.dataset.step === "choose") part("data-vote-next").focus();
  });
}

/** A person is in the middle of something: live news must not draw over it. */
const dirty = () => Boolean(ballot || sheet?.open || card.dataset.step === "sending" || (sheet && (picked() || form.elements.remark.value)));

function stopVoting() {
  settled();
  if (sheet.open) sheet.close();
  show("choose");
  part("data-choices").disabled = true;
  part("data-vote-next").hidden = true;
  card.querySelector(".ec-vote__bar--open")?.remove();
  complain(text("closed_meanwhile"));
}

if (sheet) {
  initForm();
  initSheet();
}
watchCard(card, {
  dirty,
  closed: () => (card.dataset.step === "receipt" || !dirty() ? refreshCard() : ballot?.pin ? undefined : stopVoting()),
});
document.addEventListener("ec:progress", ({ detail }) => {
  if (Number(detail.poll_id) === Number(card.dataset.poll)) showProgress(card, detail);
});
initSigning(refreshCard);
startLive();
