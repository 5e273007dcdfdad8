// Several slips in one sitting: all are prepared, one sheet shows them, one PIN signs each by itself; each end is told by itself.
import { post, Refused, Unanswered } from "./net.js";
import { asksAgain, pinPatience, pinWords } from "./pin.js";
import { askToSign, fillAnswers, sameAnswer } from "./slip_sheet.js";
import { text, timeOf } from "./text.js";
import { nonce } from "./vote_sheet.js";

const TRIES = 4; // of one signature whose answer was lost
const PAUSE = 1500; // ms between them

const form = document.querySelector("[data-together]");
const sheet = document.getElementById("confirm");
const part = (name) => form.querySelector(`[${name}]`);
const rows = () => [...form.querySelectorAll("[data-prepare]")].filter((row) => row.querySelector("input:checked:not(:disabled)"));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function end(row, good, sentence) {
  const line = row.querySelector("[data-end]");
  line.textContent = sentence;
  line.hidden = false;
  line.toggleAttribute("data-good", good);
  line.toggleAttribute("data-bad", !good);
  if (good) row.querySelector("input").disabled = true;
}

function sync() {
  const chosen = rows().length;
  part("data-next").setAttribute("aria-disabled", String(!chosen));
  part("data-next-words").textContent = chosen ? text("slip_together_sign", { n: chosen }) : text("slip_together_none");
}

const failed = (row, problem) => {
  if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
  end(row, false, text("slip_together_left", { why: problem.message }));
};

/** What can be signed now; why not, of the others. */
async function prepareAll(chosen) {
  const ready = [];
  for (const row of chosen) {
    const content = JSON.parse(row.dataset.content);
    const number = nonce();
    try {
      const prepared = await post(row.dataset.prepare, { ...content, as_typed: [], nonce: number });
      if (sameAnswer(prepared, content, number)) ready.push({ row, number, prepared });
      else end(row, false, text("slip_mismatch"));
    } catch (problem) {
      failed(row, problem);
    }
  }
  return ready;
}

/** A lost answer is asked for again under the same nonce, so that nothing is signed or counted twice. */
async function signOne({ row, number }, pin) {
  for (let left = TRIES; ; left -= 1) {
    try {
      const { receipt } = await post(row.dataset.sign, { nonce: number, pin }, pinPatience(sheet.querySelector("#pin")));
      end(row, true, text("slip_recorded", { time: timeOf(receipt.at), n: receipt.leaf_seq }));
      return true;
    } catch (problem) {
      if (!(problem instanceof Unanswered) || left <= 1) throw problem;
      await wait(PAUSE);
    }
  }
}

/** Ends with what a wrong PIN left unsigned: the others are not tried with it. */
async function signAll(ready, pin) {
  for (const [index, each] of ready.entries()) {
    try {
      await signOne(each, pin);
    } catch (problem) {
      if (problem instanceof Refused && asksAgain(problem)) return { left: ready.slice(index), note: pinWords(problem) };
      failed(each.row, problem);
    }
  }
  return { left: [], note: "" };
}

async function sit() {
  let left = await prepareAll(rows());
  const all = left.length;
  let note = "";
  while (left.length) {
    fillAnswers(sheet, left.map(({ prepared }) => prepared));
    const given = await askToSign(sheet, {}, note);
    if (!given) break;
    ({ left, note } = await signAll(left, given.pin));
  }
  if (all) {
    const done = form.querySelectorAll("[data-end][data-good]").length;
    part("data-summary").textContent = text("slip_together_done", { n: done, all: form.querySelectorAll("[data-end]:not([hidden])").length || all });
    part("data-summary").hidden = false;
  }
  document.dispatchEvent(new CustomEvent("ec:answered"));
}

if (form) {
  form.addEventListener("change", sync);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = part("data-next");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await sit();
    } finally {
      sync();
    }
  });
  sync();
}
