// The hall screen follows the meeting by itself: counts at once, a new state drawn by the server.
import { startLive } from "./live.js";
import { refresh } from "./regions.js";
import { startClocks } from "./stopwatch.js";
import { minuteOf } from "./text.js";

/** What must differ for the screen to look different; a moving count is not in it. */
const shape = ({ meeting, presence, current_item: item, poll, course }) =>
  JSON.stringify([meeting.state, presence, item?.id, [poll?.id, poll?.state, poll?.takes_ballots], course]);

const root = document.querySelector("[data-live-meeting]");
let known = null;

function count({ voted, members }) {
  const place = document.querySelector("[data-voted]");
  if (!place) return;
  place.textContent = voted;
  const rect = document.querySelector("[data-bar] rect");
  if (rect) rect.setAttribute("width", `${(100 * voted) / (members || 1)}%`);
  else refresh();
}

document.addEventListener("ec:snapshot", ({ detail }) => {
  const now = shape(detail);
  if (known === null ? detail.meeting.version !== Number(root.dataset.version) : known !== now) refresh();
  known = now;
});
document.addEventListener("ec:progress", ({ detail }) => {
  count(detail);
  clearTimeout(count.later);
  count.later = setTimeout(refresh, 400); // in the room and remote, once the counting rests for a moment
});
const tick = () => (document.querySelector("[data-clock]").textContent = minuteOf(new Date()));
setInterval(tick, 1000);
tick();
startClocks();
startLive();
