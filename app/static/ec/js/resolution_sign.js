// The signer's desk: read every page, PIN, send, receipt.
//
// A signature has one nonce from the press of the button. Whatever happens to the line, the request is sent again with that nonce and
// the server gives the same receipt; nothing here says "signed" before the receipt has come. The PIN stays in memory until then.
import { initActs } from "./act_form.js";
import { say, startLive } from "./live.js";
import { post, Refused, Unanswered } from "./net.js";
import { patience } from "./patience.js";
import { asksAgain, pinFault, pinPatience, pinWords } from "./pin.js";
import { refresh } from "./regions.js";
import { initPages } from "./resolution_pages.js";
import { complainAt, pinProblem, showStep } from "./steps.js";
import { startClocks } from "./stopwatch.js";
import { dayOf, text, timeOf } from "./text.js";
import { openSheet } from "./ui.js";
import { nonce } from "./vote_sheet.js";

const root = document.getElementById("signing");
const sheet = document.getElementById("pin-sheet");

let version = Number(root.dataset.version);
let request = null; // {nonce, file, seen, pin?} between the button and the receipt
const retry = patience();
let leaving = false;

const one = (selector) => document.querySelector(selector);
const show = (step) => showStep(root, step);
const complain = (sentence) => complainAt(document.getElementById("problem"), sentence, "nearest");

function settled() {
  retry.reset();
  request = null;
}

function ask() {
  const tick = one("[data-changes-seen]");
  const unseen = Boolean(tick && !tick.checked);
  if (tick) document.getElementById("seen-problem").hidden = !unseen;
  if (unseen) return tick.focus();
  complain("");
  request = { nonce: nonce(), file: one('[data-region="pages"]').dataset.file, seen: Boolean(tick) };
  return openPin("");
}

function openPin(problem) {
  const input = document.getElementById("pin");
  input.value = "";
  openSheet(sheet);
  pinProblem(sheet, problem);
  input.focus();
}

async function send() {
  show("sending");
  const { nonce: name, file, seen, pin } = request;
  try {
    const { receipt } = await post(
      root.dataset.sign,
      { file_sha256: file, nonce: name, pin, changes_seen: seen },
      pinPatience(document.getElementById("pin")),
    );
    signed(receipt);
  } catch (problem) {
    if (problem instanceof Unanswered) unsent();
    else if (problem instanceof Refused) refused(problem);
    else throw problem;
  }
}

function signed(receipt) {
  settled();
  const values = { ...receipt, at: `${timeOf(receipt.at)}, ${dayOf(receipt.at)}` };
  for (const place of root.querySelectorAll("[data-receipt]")) place.textContent = values[place.dataset.receipt] ?? "";
  show("receipt");
  say(`${text("signed")} ${receipt.next}`);
  refresh();
}

function refused(problem) {
  if (problem.code === "session_locked") return unsent();
  show("read");
  if (asksAgain(problem)) {
    retry.stop();
    request = { ...request, pin: undefined };
    return openPin(pinWords(problem));
  }
  settled();
  complain(problem.message);
  return refresh();
}

/** No answer: the Resolution may or may not be signed. Say so, and ask again with the same nonce. */
function unsent() {
  if (!request?.pin) return;
  show("unsent");
  say(one('[data-show="unsent"] b').textContent);
  retry.wait((left) => (one("[data-unsent-next]").textContent = text("next_try", { n: left })), again);
}

function again() {
  if (!request?.pin || root.dataset.step === "sending") return;
  retry.stop();
  one("[data-unsent-next]").textContent = text("trying");
  send();
}

/** What the server has drawn tells the truth, also when the answer to the request was lost. */
function drawn() {
  const done = one('[data-region="receipt"]').hasAttribute("data-signed");
  if (done && root.dataset.step !== "receipt") {
    settled();
    complain("");
    if (sheet?.open) sheet.close();
    show("receipt");
  } else {
    for (const element of root.querySelectorAll("[data-show]")) element.hidden = element.dataset.show !== root.dataset.step;
  }
}

function initSheet() {
  const input = document.getElementById("pin");
  document.addEventListener("click", (event) => {
    if (event.target.closest("#sign-button") && !request?.pin && !sheet.open) ask();
  });
  sheet.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!request || request.pin) return;
    const fault = pinFault(input);
    if (fault) {
      pinProblem(sheet, fault);
      input.focus();
      return;
    }
    request.pin = input.value;
    sheet.close();
    send();
  });
  input.addEventListener("input", () => pinProblem(sheet, ""));
  sheet.addEventListener("close", () => {
    if (sheet.open) return; // told a moment later, and opened again by then
    input.value = "";
    pinProblem(sheet, "");
    if (request && !request.pin) request = null;
    document.getElementById("sign-button")?.focus();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-changes-seen]")) document.getElementById("seen-problem").hidden = true;
  });
}

/** Drawn anew, but not under an act of one's own that leads away from here: this page is then no longer open. */
function follow() {
  if (leaving) return;
  if (document.querySelector("[data-act][data-sent]")) setTimeout(follow, 300);
  else refresh();
}

document.addEventListener("ec:snapshot", ({ detail }) => {
  if (detail.meeting.version === version) return;
  version = detail.meeting.version;
  follow();
});
document.addEventListener("ec:drawn", drawn);
document.addEventListener("ec:unlocked", again);
addEventListener("online", again);
addEventListener("beforeunload", (event) => {
  if (request?.pin) event.preventDefault();
});
one("[data-retry]").addEventListener("click", again);
if (sheet) initSheet();
initActs({
  warn: complain,
  done: () => {
    leaving = true;
    location.assign(root.dataset.record);
  },
});
initPages();
startClocks();
startLive();
