// The dossier and the minutes of a session while they are made: asks how far it is, moves its bar, and draws the card anew at each turn.
import { get, Refused, Unanswered } from "./net.js";
import { move } from "./progress.js";
import { refresh } from "./regions.js";

const POLL = 1000; // ms between two looks

const waiting = () => [...document.querySelectorAll("[data-export]")];
let busy = false;

async function look(card) {
  const state = await get(card.dataset.export);
  const bar = card.querySelector('[role="progressbar"]');
  const same = state.stage === card.dataset.stage && state.said === card.dataset.said && Boolean(state.total) === Boolean(bar);
  if (!same) {
    const ready = card.dataset.ready;
    await refresh();
    if (state.stage === "made") document.getElementById("ec-say").textContent = ready;
  } else if (bar) {
    move(bar, state.done, state.total);
  }
}

async function lookAt(card) {
  try {
    await look(card);
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    if (problem instanceof Refused) delete card.dataset.export; // gone, or signed out: the next page says so
  }
}

setInterval(async () => {
  const cards = waiting();
  if (!cards.length || busy || document.hidden) return;
  busy = true;
  try {
    for (const card of cards) await lookAt(card);
  } finally {
    busy = false;
  }
}, POLL);
