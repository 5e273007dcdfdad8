// The records office: number and seal with one request, asked again with the same nonce until there is an answer.
import { startLive } from "./live.js";
import { post, Refused, Unanswered } from "./net.js";
import { asksAgain, pinFault, pinPatience, pinWords } from "./pin.js";
import { refresh } from "./regions.js";
import { startClocks } from "./stopwatch.js";
import { icon, text } from "./text.js";
import { openSheet } from "./ui.js";
import { nonce } from "./vote_sheet.js";

const FIRST_WAIT = 2; // seconds; doubles up to MAX_WAIT
const MAX_WAIT = 16;
const MOST_TRIES = 6; // then the page says what the server knows, and a person decides
const root = document.querySelector("[data-issue]");
let asked = null; // {nonce, pin, wait, tries} from the first press until the answer

const sheet = () => document.getElementById("sheet-issue");

function put(line, sentence) {
  line.querySelector("span").textContent = sentence || "";
  line.hidden = !sentence;
}

function complain(problem) {
  const form = sheet()?.querySelector("form");
  const { number } = problem.details || {};
  const numbered = number ? text("numbered_only", { number }) : "";
  if (!form || !sheet().open) return warn(numbered, problem.message);
  put(form.querySelector("[data-issue-problem]"), numbered);
  put(form.querySelector("[data-pin-problem]"), pinWords(problem));
  form.elements.pin.setAttribute("aria-invalid", "true");
  form.elements.pin.focus();
  return undefined;
}

/** What went wrong stays on the page: the number that was given, and the reason. */
function warn(numbered, sentence, look = numbered ? "warn" : "bad") {
  const bar = document.createElement("div");
  bar.className = `ec-banner ec-banner--${look}`;
  bar.setAttribute("role", look === "info" ? "status" : "alert");
  const words = document.createElement("p");
  if (numbered) {
    const strong = document.createElement("b");
    strong.textContent = `${numbered} `;
    words.append(strong);
  }
  words.append(sentence);
  bar.append(icon(look === "bad" ? "circle-alert" : "hourglass"), words);
  document.querySelector('[data-region="flash"] .ec-flash').replaceChildren(bar);
}

const quiet = () => document.querySelector('[data-region="flash"] .ec-flash').replaceChildren();

function clean(form) {
  for (const line of form.querySelectorAll(".ec-error")) line.hidden = true;
  form.elements.pin.removeAttribute("aria-invalid");
}

async function send() {
  const open = document.getElementById("issue-open");
  open?.setAttribute("aria-disabled", "true");
  try {
    await post(root.dataset.issue, { nonce: asked.nonce, pin: asked.pin }, asked.patience);
    asked = null;
    quiet();
  } catch (problem) {
    if (problem instanceof Unanswered) {
      again();
      return;
    }
    if (!(problem instanceof Refused)) throw problem;
    if (problem.code === "session_locked") {
      again();
      return;
    }
    asked = null;
    await refresh(); // the number may be given by now
    if ((problem.field === "pin" || asksAgain(problem)) && sheet()) openSheet(sheet());
    complain(problem);
    return;
  }
  await refresh();
}

/** No answer: the number may be given and the seal may be made. The same request brings the same answer. */
async function again() {
  asked.tries += 1;
  if (asked.tries >= MOST_TRIES) {
    asked = null;
    await refresh();
    warn("", text("unanswered"));
    return;
  }
  let left = asked.wait;
  asked.wait = Math.min(asked.wait * 2, MAX_WAIT);
  const tick = () => {
    warn("", text("issue_unanswered", { n: left }));
    if (left-- > 0) return;
    clearInterval(asked.timer);
    warn("", text("issue_asking"));
    send();
  };
  clearInterval(asked.timer);
  asked.timer = setInterval(tick, 1000);
  tick();
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest("[data-issue-form]");
    if (!form) return;
    event.preventDefault();
    if (asked) return;
    clean(form);
    const input = form.elements.pin;
    const fault = pinFault(input);
    if (fault) {
      complain({ code: "pin_form", message: fault });
      return;
    }
    asked = { nonce: nonce(), pin: input.value, patience: Math.max(60, pinPatience(input)), wait: FIRST_WAIT, tries: 0 };
    input.value = "";
    sheet().close();
    if (text("waiting")) warn("", text("waiting"), "info");
    else quiet();
    send();
  },
  true,
);

document.addEventListener(
  "close",
  (event) => {
    const form = event.target.querySelector?.("[data-issue-form]");
    if (!form) return;
    form.elements.pin.value = "";
    clean(form);
  },
  true,
);

addEventListener("beforeunload", (event) => {
  if (asked) event.preventDefault();
});

let known = Number(root.dataset.version);
document.addEventListener("ec:snapshot", ({ detail }) => {
  if (detail.meeting.version !== known) refresh();
  known = detail.meeting.version;
});
startClocks();
startLive();
