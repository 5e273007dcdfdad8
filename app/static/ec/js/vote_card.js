// The live side of the vote card: counts move by themselves; a new state of the poll draws the card anew, unless somebody is using it.
import { text, timeOf } from "./text.js";

let counted = null; // {voted, members, at}: the last figures, for the sentence shown while the line is down

export function showProgress(card, { voted, members }) {
  const total = members ?? Number(card.dataset.members);
  counted = { voted, members: total, at: Date.now() };
  const line = card.querySelector("[data-progress]");
  if (!line) return;
  line.querySelector("b").textContent = `${voted}/${total}`;
  const bar = card.querySelector("[data-progress-bar] svg");
  const rect = bar.querySelector("rect") || bar.appendChild(document.createElementNS(bar.namespaceURI, "rect"));
  rect.setAttribute("class", "ec-f-blue");
  rect.setAttribute("height", "100%");
  rect.setAttribute("width", `${(100 * voted) / (total || 1)}%`);
}

export function refreshCard() {
  location.reload();
}

function older(card) {
  const line = card.querySelector("[data-progress]");
  if (!line || !counted) return;
  const ago = text("seconds", { n: Math.round((Date.now() - counted.at) / 1000) });
  line.querySelector("b").textContent = `${counted.voted}/${counted.members}`;
  line.title = text("as_of", { time: timeOf(counted.at), ago, voted: counted.voted, members: counted.members });
}

/** The meeting has gone on to another poll: this card may be old. Looked at once per version, so that it never turns in circles. */
function gone(card, poll, version, { dirty, closed }) {
  if (!["open", "over", "closed"].includes(card.dataset.state)) return;
  const key = `ec-poll-${poll}`;
  if (sessionStorage.getItem(key) === String(version)) return;
  sessionStorage.setItem(key, String(version));
  if (dirty()) closed();
  else refreshCard();
}

export function watchCard(card, { dirty, closed }) {
  const poll = Number(card.dataset.poll);
  document.addEventListener("ec:offline", () => older(card));
  document.addEventListener("ec:snapshot", ({ detail }) => {
    const now = detail.poll?.id === poll ? detail.poll : null;
    if (!now) return gone(card, poll, detail.meeting.version, { dirty, closed });
    if (now.voted !== undefined) showProgress(card, now);
    const state = now.state === "open" && !now.takes_ballots ? "over" : now.state;
    if (state === card.dataset.state) return;
    card.dataset.state = state;
    if (state === "open") dirty() || refreshCard();
    else closed();
  });
}
