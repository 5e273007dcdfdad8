// The jobs monitor: bars move as the server tells it, everything else is looked up again every few seconds.
import { io } from "../../vendor/socket.io-client/socket.io.esm.min.js";
import { move } from "./progress.js";
import { refresh } from "./regions.js";

const POLL = 5000; // ms between two looks while the page is seen
const AGAIN = 30_000; // ms before a line that was refused or cut is asked for again
const ENDED = 700; // ms from the last step of a job until its row says that it is done

const chosen = () => document.querySelector("[data-row]:checked, dialog[open]") !== null;

/** What somebody is about to act on stays under his hand. */
const look = () => document.hidden || chosen() || refresh();

function hear({ fact, job_id: id, done, total }) {
  if (fact !== "JobProgress") return;
  const bar = document.querySelector(`[data-job="${Number(id)}"]`);
  if (bar) move(bar, done, total);
  if (done >= total) setTimeout(look, ENDED);
}

const socket = io("/meetings", { transports: ["websocket", "polling"], tryAllTransports: true, reconnectionDelayMax: AGAIN });
const later = () => setTimeout(() => socket.connect(), AGAIN);
socket.on("job", hear);
socket.on("connect", look); // what was told while nobody listened
socket.on("resync", look);
socket.on("connect_error", () => socket.active || later());
socket.on("disconnect", (reason) => reason === "io server disconnect" && later());
setInterval(look, POLL);
document.addEventListener("visibilitychange", look);

/** The acts on chosen rows come when a row is chosen (records.js); without scripts they are always there. */
function hideActs() {
  for (const bar of document.querySelectorAll("[data-bulk]")) {
    bar.hidden = true;
    bar.querySelector("[data-bulk-none]").hidden = false;
  }
}

/** A look that was under way when somebody chose a row takes his choice away: it is given back. */
let kept = new Set();
const note = () => (kept = new Set([...document.querySelectorAll("[data-row]:checked")].map((box) => box.value)));

function giveBack() {
  hideActs();
  const boxes = [...document.querySelectorAll("[data-row]")].filter((box) => kept.has(box.value));
  for (const box of boxes) box.checked = true;
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
}

hideActs();
document.addEventListener("change", note);
document.addEventListener("click", (event) => event.target.closest("[data-bulk-none]") && setTimeout(note));
document.addEventListener("ec:drawn", giveBack);
