// The board of a slip: a socket says that something has moved, and the board draws itself anew from the server.
import { io } from "../../vendor/socket.io-client/socket.io.esm.min.js";
import { get, Refused, Unanswered } from "./net.js";
import { refresh } from "./regions.js";

const QUIET = 250; // ms in which several messages become one look
const SLOW = 10000; // ms between two looks beside the socket: what reached which device is not told
const POLL = 3000; // ms between two looks while nobody tells
const root = document.querySelector("[data-board]");
const about = { slip_id: Number(root.dataset.board) };
let version = Number(root.dataset.version);
let state = root.dataset.shown;
let told = false; // whether the socket is in the room and its server hears of what happens
let timer = null;

async function look() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const found = await get(root.dataset.state);
      if (found.version !== version || found.state !== state) {
        await refresh();
        ({ version, state } = found);
      }
    } catch (problem) {
      if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem; // the next look may get an answer
    }
  }
  soon(told ? SLOW : POLL);
}

function soon(pause = QUIET) {
  clearTimeout(timer);
  timer = setTimeout(look, pause);
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
