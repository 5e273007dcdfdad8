// The chair's desk: a moving count is put in at once, a new state is drawn by the server; acts answer without losing what was typed.
import { initSigning } from "./act_sign.js";
import { startLive } from "./live.js";
import { Refused, submit, Unanswered } from "./net.js";
import { draw, refresh } from "./regions.js";
import { icon, minuteOf, text } from "./text.js";

/** Equal shapes differ in counts of ballots only. */
const shape = ({ meeting, presence, seats, items, current_item: item, poll, next_move: move }) =>
  JSON.stringify([
    [meeting.state, meeting.chair, meeting.title],
    presence,
    seats.map((seat) => [seat.person_id, seat.presence, seat.role]),
    items.map((one) => [one.id, one.state, one.title]),
    item?.id,
    [poll?.id, poll?.state, poll?.question, poll?.may_see_split, poll?.result?.outcome],
    [move?.name, move?.label, move?.enabled, move?.why_not],
  ]);

function put(selector, value) {
  for (const place of document.querySelectorAll(selector)) if (place.textContent !== String(value)) place.textContent = value;
}

function markSeat(seat) {
  const place = document.querySelector(`[data-seat="${seat.person_id}"]`);
  if (!place || !seat.voted || place.classList.contains("ec-seat--voted")) return;
  place.classList.add("ec-seat--voted");
  place.querySelector("svg")?.remove();
  place.querySelector(".ec-sr").before(icon("check"));
  place.querySelector(".ec-sr").textContent = `${seat.post}: ${text("voted")}`;
}

function count({ poll, seats }) {
  if (!poll || poll.state !== "open") return;
  put("[data-voted]", poll.voted);
  put("[data-in-room]", poll.in_room_voted);
  put("[data-remote]", poll.remote_voted);
  if (poll.waiting) put("[data-left]", poll.waiting.length);
  const bar = document.querySelector("[data-bar] svg");
  if (bar) {
    const rect = bar.querySelector("rect") || bar.appendChild(document.createElementNS(bar.namespaceURI, "rect"));
    rect.setAttribute("class", "ec-f-blue");
    rect.setAttribute("height", "100%");
    rect.setAttribute("width", `${(100 * poll.voted) / (poll.members || 1)}%`);
  }
  seats.forEach(markSeat);
  const line = document.querySelector("[data-waiting]");
  if (!line || !poll.waiting) return;
  if (!poll.waiting.length) {
    line.textContent = text("nobody_waits");
    return;
  }
  const head = document.createElement("b");
  head.className = "ec-strong";
  head.textContent = text("waiting", { n: poll.waiting.length });
  line.replaceChildren(head, ` ${poll.waiting.join(", ")}`);
}

function complain(form, problem) {
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

function warn(sentence) {
  const bar = document.createElement("div");
  bar.className = "ec-banner ec-banner--bad";
  bar.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = sentence;
  bar.append(icon("circle-alert"), words);
  document.querySelector('[data-region="flash"] .ec-flash').replaceChildren(bar);
}

function clean(form) {
  for (const line of form.querySelectorAll(".ec-error")) line.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

async function act(form, button) {
  clean(form);
  document.querySelector('[data-region="flash"] .ec-flash').replaceChildren();
  button.setAttribute("aria-disabled", "true");
  form.dataset.sent = "1";
  try {
    const page = await submit(form, button);
    delete form.dataset.sent;
    form.closest("dialog")?.close();
    form.reset();
    if (page) draw(page);
    else await refresh();
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    complain(form, problem);
  } finally {
    delete form.dataset.sent;
    button.removeAttribute("aria-disabled");
  }
}

function tick() {
  const now = new Date();
  put("[data-clock]", minuteOf(now));
  for (const place of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((now - new Date(place.dataset.since)) / 1000));
    place.textContent = text("minutes", { m: Math.floor(seconds / 60), s: seconds % 60 });
  }
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest("[data-act]");
    if (!form) return;
    event.preventDefault();
    if (!form.dataset.sent) act(form, event.submitter);
  },
  true,
);

const root = document.querySelector("[data-live-meeting]");
const drawn = Number(root.dataset.version);
let known = null;
document.addEventListener("ec:snapshot", ({ detail }) => {
  if (!detail.desk) location.assign(root.dataset.snapshot.replace(/\/snapshot$/, "")); // the chair was handed to somebody else
  const now = shape(detail);
  const old = known === null ? detail.meeting.version !== drawn : known !== now;
  if (old) refresh();
  else count(detail);
  known = now;
});
document.addEventListener("ec:progress", () => document.dispatchEvent(new CustomEvent("ec:ask")));
document.addEventListener("ec:drawn", tick);
initSigning(refresh);
setInterval(tick, 1000);
tick();
startLive();
