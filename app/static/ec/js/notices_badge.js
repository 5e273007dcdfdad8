// The number of unread notices at every bell of the page: a socket says when, the server says how many.
import { get, Refused, Unanswered } from "./net.js";
import { text } from "./text.js";

const POLL = 60_000; // ms between two looks while no socket tells
const AGAIN = 30_000; // ms before a line that was refused or cut is asked for again
const QUIET = 300; // ms in which several messages become one look
const SPREAD = 1500; // ms over which all screens spread their look when all of them have to

const bells = () => document.querySelectorAll("[data-notices]");
const address = () => bells()[0].dataset.notices;

function show(unread) {
  for (const bell of bells()) {
    const count = bell.querySelector(".ec-count");
    count.textContent = unread > 99 ? "99+" : String(unread);
    count.hidden = unread === 0;
    if (bell.hasAttribute("aria-label")) bell.ariaLabel = label(bell.dataset.label, unread);
  }
}

const label = (name, unread) => (unread ? `${name}, ${text("notices_unread", { n: unread })}` : name);

/** Whoever shows what waits for a person hears of it: this bell, the number of slips, the page of a slip. */
const tell = (message, spread = 0) =>
  setTimeout(() => document.dispatchEvent(new CustomEvent("ec:notice", { detail: message })), Math.random() * spread);

class Badge {
  constructor() {
    this.shown = Number(bells()[0].dataset.unread);
    this.timer = null;
    this.over = false;
  }

  start() {
    document.addEventListener("ec:notice", () => this.soon());
    document.addEventListener("ec:locked", () => clearTimeout(this.timer)); // it is told nothing
    document.addEventListener("ec:unlocked", () => this.soon());
    document.addEventListener("visibilitychange", () => document.hidden || this.soon());
    setInterval(() => document.hidden || this.socket?.connected || this.ask(), POLL);
    if (Number.isNaN(this.shown)) this.soon(); // the page left it to us
    if (!document.querySelector("[data-live-meeting][data-live]")) this.listen(); // else live.js tells
  }

  async listen() {
    const { io } = await import("../../vendor/socket.io-client/socket.io.esm.min.js");
    this.socket = io("/meetings", { transports: ["websocket", "polling"], tryAllTransports: true, reconnectionDelayMax: AGAIN });
    const later = () => this.over || setTimeout(() => this.socket.connect(), AGAIN);
    let before = false;
    this.socket.on("notice", (message) => tell(message));
    this.socket.on("resync", () => tell({}, SPREAD));
    this.socket.on("connect", () => {
      if (before) tell({}, SPREAD); // something may have been told in between
      before = true;
    });
    this.socket.on("connect_error", () => this.socket.active || later());
    this.socket.on("disconnect", (reason) => reason === "io server disconnect" && later());
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), QUIET);
  }

  async ask() {
    try {
      const { unread } = await get(address());
      show(unread);
      if (unread !== this.shown) document.dispatchEvent(new CustomEvent("ec:unread", { detail: { unread, more: unread > this.shown } }));
      this.shown = unread;
    } catch (problem) {
      if (problem instanceof Refused) this.over = problem.status === 401; // signed out: the next page says so
      else if (!(problem instanceof Unanswered)) throw problem;
    }
  }
}

export function initBadge() {
  if (bells().length) new Badge().start();
}
