// The chair's desk: a moving count is put in at once, a new state is drawn by the server; acts answer without losing what was typed.
import { initActs } from "./act_form.js";
import { initSigning } from "./act_sign.js";
import { startLive } from "./live.js";
import { draw, refresh } from "./regions.js";
import { startClocks } from "./stopwatch.js";
import { icon, minuteOf, text } from "./text.js";

/** Equal shapes differ in counts of ballots only. */
const shape = ({ meeting, presence, seats, items, current_item: item, poll, course, next_move: move }) =>
  JSON.stringify([
    [meeting.state, meeting.chair, meeting.title],
    presence,
    seats.map((seat) => [seat.person_id, seat.presence, seat.role]),
    items.map((one) => [one.id, one.state, one.title]),
    item?.id,
    [poll?.id, poll?.state, poll?.takes_ballots, poll?.question, poll?.may_see_split, poll?.result?.outcome],
    [move?.name, move?.label, move?.enabled, move?.why_not],
    course,
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
  if (!line || !poll.waiting || !poll.takes_ballots) return;
  if (!poll.waiting.length) {
    line.textContent = text("nobody_waits");
    return;
  }
  const head = document.createElement("b");
  head.className = "ec-strong";
  head.textContent = text("waiting", { n: poll.waiting.length });
  line.replaceChildren(head, ` ${poll.waiting.join(", ")}`);
}

function warn(sentence) {
  const place = document.querySelector('[data-region="flash"] .ec-flash');
  if (!sentence) return place.replaceChildren();
  const bar = document.createElement("div");
  bar.className = "ec-banner ec-banner--bad";
  bar.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = sentence;
  bar.append(icon("circle-alert"), words);
  return place.replaceChildren(bar);
}

function tick() {
  const now = new Date();
  put("[data-clock]", minuteOf(now));
  for (const place of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((now - new Date(place.dataset.since)) / 1000));
    place.textContent = text("minutes", { m: Math.floor(seconds / 60), s: seconds % 60 });
  }
}

initActs({ warn, done: (page) => (page ? draw(page) : refresh()) });

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
startClocks();
startLive();
