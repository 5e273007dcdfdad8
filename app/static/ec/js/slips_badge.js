// The number of slips that wait, in every menu of the page: a socket says when, the server says how many.
//
// Event on document: ec:slips (what waits has changed, or something new has reached this device).
import { get, post, Refused, Unanswered } from "./net.js";
import { device } from "./slip_device.js";

const QUIET = 200; // ms in which several messages become one look
const ASKED = "ec-slips-asked"; // in this window: the number that was asked about when the last page was opened

const places = () => document.querySelectorAll("[data-waiting]:has(.ec-count)");

function put(count, number) {
  count.textContent = number > 99 ? "99+" : String(number);
  count.hidden = number === 0;
}

/** The number of slips, and by as much the number of all tasks beside the start page. */
function show(waiting, before) {
  for (const place of places()) put(place.querySelector(".ec-count"), waiting);
  if (Number.isNaN(before)) return;
  for (const count of document.querySelectorAll("[data-tasks] .ec-count")) {
    const tasks = Number(count.textContent) + waiting - before;
    if (!Number.isNaN(tasks)) put(count, Math.max(0, tasks));
  }
}

class SlipsBadge {
  constructor() {
    this.address = places()[0].dataset.waiting;
    this.shown = Number(places()[0].dataset.count);
    this.timer = null;
  }

  start() {
    document.addEventListener("ec:notice", () => this.soon());
    document.addEventListener("ec:locked", () => clearTimeout(this.timer)); // it is told nothing
    document.addEventListener("ec:unlocked", () => this.soon());
    document.addEventListener("ec:answered", () => this.soon());
    document.addEventListener("visibilitychange", () => document.hidden || this.soon());
    if (Number.isNaN(this.shown)) this.soon(); // the page left it to us
    else if (this.shown && sessionStorage.getItem(ASKED) !== String(this.shown)) this.soon();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), QUIET);
  }

  async ask() {
    try {
      const { waiting, news } = await get(`${this.address}?device=${device()}`);
      if (news.length) await post(this.address.replace(/waiting$/, "received"), { device: device() });
      show(waiting, this.shown);
      sessionStorage.setItem(ASKED, String(waiting));
      if (waiting !== this.shown || news.length) document.dispatchEvent(new CustomEvent("ec:slips", { detail: { waiting } }));
      this.shown = waiting;
    } catch (problem) {
      if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    }
  }
}

export function initSlipsBadge() {
  if (places().length) new SlipsBadge().start();
}
