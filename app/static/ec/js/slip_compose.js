// A slip in the making: the server arranges questions and draws the preview of what is typed; nothing typed is lost.
import { Refused, submit, Unanswered } from "./net.js";
import { draw } from "./regions.js";

const PAUSE = 700; // ms without a key before the preview is drawn anew
const form = document.querySelector("[data-compose]");
const preview = form.querySelector("[data-preview]");
let timer = null;
let dirty = false;
let asking = null;

/** Asks for the page as it would be with what is typed; null when it cannot be had now. */
async function drawn(button) {
  await asking;
  asking = submit(form, button).catch((problem) => {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem; // saving will say what is wrong
    return null;
  });
  const page = await asking;
  asking = null;
  return page;
}

async function show() {
  clearTimeout(timer);
  if (asking) {
    timer = setTimeout(show, PAUSE);
    return;
  }
  const page = await drawn(preview);
  if (!page) return;
  page.querySelector('[data-region="questions"]')?.remove(); // what somebody types in is left alone
  draw(page);
}

/** Questions are exchanged as a whole; the focus goes to where the button has moved its question. */
async function arrange(button) {
  clearTimeout(timer);
  const [act, place] = button.value.split("-");
  const page = await drawn(button);
  if (!page) return;
  button.blur();
  dirty = true;
  draw(page);
  const last = form.querySelectorAll(".ec-ask").length;
  const aim = { add: last, up: Number(place) - 1, down: Number(place) + 1, drop: Math.min(Number(place), last) }[act];
  form.querySelector(`#asked-${aim}`)?.focus();
}

form.addEventListener("input", () => {
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(show, PAUSE);
});
form.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.matches("[data-do]")) {
    event.preventDefault();
    arrange(button);
  } else if (button === preview) {
    event.preventDefault();
    show().then(() => document.getElementById("phone-h").scrollIntoView({ block: "start" }));
  } else {
    dirty = false; // ui.js sees to it that nothing is sent twice
    clearTimeout(timer);
  }
});
addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});
if (form.querySelector("[aria-invalid]") || document.querySelector("main > .ec-banner--bad")) dirty = true; // came back with what was typed
