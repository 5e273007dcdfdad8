// The board of a slip: a socket says that something has moved, and the board draws itself anew from the server.
import { io } from "../../vendor/socket.io-client/socket.io.esm.min.js";
import { get, Refused, Unanswered } from "./net.js";
import { refresh } from "./regions.js";

const QUIET = 250; // ms in which several messages become one look
const REST = 1000; // ms from one drawing to the next at the earliest, and four times as long as it took
const SLOW = 10000; // ms between two looks beside the socket, should a message be lost
const POLL = 3000; // ms between two looks while nobody tells
const root = document.querySelector("[data-board]");
const about = { slip_id: Number(root.dataset.board) };
let version = Number(root.dataset.version);
let state = root.dataset.shown;
let told = false; // whether the socket is in the room and its server hears of what happens
let timer = null;
let due = Infinity; // when the next look is, by performance.now()
let rested = 0; // before that nothing is drawn again: thousands may answer in a minute
let looking = false;

async function draw() {
  const found = await get(root.dataset.state);
  if (found.version === version && found.state === state) return;
  const began = performance.now();
  await refresh();
  ({ version, state } = found);
  const ended = performance.now();
  rested = ended + Math.max(REST, 4 * (ended - began));
}

async function look() {
  clearTimeout(timer);
  due = Infinity;
  if (looking || performance.now() < rested) return soon();
  looking = true;
  try {
    if (!document.hidden) await draw();
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem; // the next look may get an answer
  } finally {
    looking = false;
    soon(told ? SLOW : POLL);
  }
}

/** One look after this pause, or earlier if one is due by then: messages without end put nothing off. */
function soon(pause = QUIET) {
  const at = Math.max(performance.now() + pause, rested);
  if (at >= due) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(look, at - performance.now());
}

const socket = io("/meetings", { transports: ["websocket", "polling"], tryAllTransports: true });
const again = () => setTimeout(() => socket.connect(), POLL);
socket.on("slip", (message) => message?.slip_id === about.slip_id && soon());
socket.on("connect", () =>
  socket.timeout(POLL).emit("join", about, (problem, answer) => {
    told = !problem && answer?.ok === true && answer.live !== false;
    soon();
  }),
);
socket.on("adrift", () => (told = false));
socket.on("resync", () => {
  told = true;
  soon(Math.random() * 1500); // not all screens at once
});
socket.on("connect_error", () => socket.active || again());
socket.on("disconnect", (reason) => {
  told = false;
  if (reason === "io server disconnect") again();
  soon(POLL);
});
document.addEventListener("visibilitychange", () => document.hidden || look());
document.addEventListener("ec:unlocked", look);
soon(POLL);
