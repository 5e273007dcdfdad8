// Hears that something happened in a meeting and fetches what is so now. Sockets only tell; the truth comes by HTTP.
//
// Events on document: ec:progress (a count alone has moved), ec:snapshot (the whole state), ec:offline, ec:online,
// ec:notice (the person has something new to read).
import { io } from "../../vendor/socket.io-client/socket.io.esm.min.js";
import { get, Refused, Unanswered } from "./net.js";
import { text, timeOf } from "./text.js";

const QUIET = 150; // ms between two snapshots, plus a little chance so that 27 tablets do not ask at once
const POLL = 4000; // ms between two looks while no socket tells: what is shown is never older than five seconds
const SPREAD = 1500; // ms over which all screens spread their question when all of them have to ask
const AGAIN = 3000; // ms before a line cut by the server is asked for again
const HOUR = 3600000; // ms: the longest that a timer is left alone
const GRACE = 2000; // ms without a connection before the banner comes

const SIGNED_OUT = new Set(["signed_out", "not_signed_in"]);

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Live {
  constructor(root) {
    this.meeting = Number(root.dataset.liveMeeting);
    this.version = Number(root.dataset.version) || 0;
    this.address = root.dataset.snapshot;
    this.wanted = false;
    this.busy = false;
    this.joined = false; // whether the server has let us into the room
    this.told = false; // whether the socket's server hears of what happens
    this.seen = new Date().toISOString();
    this.lost = null;
  }

  start() {
    this.socket = io("/meetings", { transports: ["websocket", "polling"], tryAllTransports: true });
    this.socket.on("fact", (message) => this.hear(message));
    this.socket.on("notice", (message) => tell("ec:notice", message));
    this.socket.on("connect", () => this.join());
    this.socket.on("adrift", () => (this.told = false));
    this.socket.on("resync", () => {
      this.told = true;
      setTimeout(() => {
        this.ask();
        tell("ec:notice", {});
      }, Math.random() * SPREAD);
    });
    this.socket.on("connect_error", () => {
      // refused for now (a locked screen, an ended session): a line that was merely lost tries again by itself
      if (!this.socket.active) setTimeout(() => this.socket.connect(), POLL);
    });
    this.socket.on("disconnect", (reason) => {
      this.joined = false;
      // a line that the server has cut does not come back by itself: the session may have other rights now
      if (reason === "io server disconnect") setTimeout(() => this.socket.connect(), AGAIN);
      this.ask();
    });
    setInterval(() => this.look(), POLL);
    addEventListener("offline", () => this.away());
    addEventListener("online", () => this.ask());
    document.addEventListener("ec:ask", () => this.ask());
    document.addEventListener("ec:unlocked", () => this.ask());
    document.addEventListener("visibilitychange", () => document.hidden || this.ask());
  }

  join() {
    // asked once the room is joined, so that nothing falls between; and also when nobody says whether it is
    this.socket.timeout(POLL).emit("join", { meeting_id: this.meeting }, (problem, answer) => {
      this.joined = !problem && answer?.ok === true;
      this.told = this.joined && answer.live !== false;
      this.ask();
    });
  }

  /** While nobody tells: the line is down, the room is closed to us, or its server hears nothing itself. */
  look() {
    if (this.socket.connected && this.joined && this.told) return;
    if (this.socket.connected && !this.joined) this.join();
    this.ask();
  }

  hear(message) {
    if (!message || message.meeting_id !== this.meeting) return;
    if (message.version < this.version) return; // late or twice: what is shown is newer
    const since = message.since ?? message.version - 1; // several ballots may be folded into one message
    if (message.voted !== undefined && since <= this.version) {
      this.version = Math.max(this.version, message.version);
      this.seen = new Date().toISOString();
      tell("ec:progress", message);
      return;
    }
    if (message.version > this.version) this.ask();
  }

  async ask() {
    this.wanted = true;
    if (this.busy) return;
    this.busy = true;
    while (this.wanted) {
      this.wanted = false;
      await this.fetch();
      await wait(QUIET + Math.random() * QUIET);
    }
    this.busy = false;
  }

  async fetch() {
    const known = this.version;
    try {
      const snapshot = await get(this.address);
      this.here();
      if (this.version > known && this.version > snapshot.meeting.version) {
        this.wanted = true; // overtaken on its way by a count: what it says is older than what is shown
        return;
      }
      this.version = snapshot.meeting.version;
      this.seen = new Date().toISOString();
      this.awaitEnd(snapshot.poll);
      tell("ec:snapshot", snapshot);
    } catch (problem) {
      if (problem instanceof Unanswered) this.away();
      else if (!(problem instanceof Refused)) throw problem;
      else if (SIGNED_OUT.has(problem.code)) banner(text("signed_out"));
    }
  }

  /** The clock alone ends a vote with a closing time, and nobody tells of it: ask again at that moment. */
  awaitEnd(poll) {
    clearTimeout(this.end);
    if (poll?.takes_ballots && poll.seconds_left !== null) this.end = setTimeout(() => this.ask(), Math.min(poll.seconds_left * 1000 + QUIET, HOUR));
  }

  away() {
    if (this.lost) return;
    this.lost = setTimeout(() => {
      banner(text("offline", { time: timeOf(this.seen) }));
      tell("ec:offline", { seen: this.seen });
    }, navigator.onLine ? GRACE : 0);
    setTimeout(() => this.ask(), POLL);
  }

  here() {
    if (!this.lost) return;
    clearTimeout(this.lost);
    this.lost = null;
    if (document.getElementById("ec-offline").hidden) return;
    banner(null);
    say(text("online"));
    tell("ec:online", {});
  }
}

function banner(sentence) {
  const bar = document.getElementById("ec-offline");
  document.getElementById("ec-offline-text").textContent = sentence || "";
  bar.hidden = !sentence;
  if (sentence) say(sentence);
}

/** A sentence for screen readers, polite: it never moves the focus. */
export function say(sentence) {
  document.getElementById("ec-say").textContent = sentence;
}

export function startLive() {
  const root = document.querySelector("[data-live-meeting][data-live]");
  if (!root) return null;
  const live = new Live(root);
  live.start();
  return live;
}
