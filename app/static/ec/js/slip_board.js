// The board of a slip: asks for the number of the live state, and draws itself anew when it is another one.
import { get, Refused, Unanswered } from "./net.js";
import { refresh } from "./regions.js";

const PAUSE = 2000; // ms between two looks while the page can be seen
const root = document.querySelector("[data-board]");
let version = Number(root.dataset.version);
let state = null;

async function look() {
  if (document.hidden) return;
  try {
    const found = await get(root.dataset.state);
    if (found.version !== version || (state !== null && found.state !== state)) {
      await refresh();
      version = found.version;
    }
    state = found.state;
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem; // the next look may get an answer
  }
}

async function goOn() {
  await look();
  setTimeout(goOn, PAUSE);
}

document.addEventListener("visibilitychange", look);
setTimeout(goOn, PAUSE);
