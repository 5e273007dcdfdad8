// A member's page of a meeting: when the state changes, the parts shown are drawn anew by the server.
import { startLive } from "./live.js";
import { refresh } from "./regions.js";
import { startClocks } from "./stopwatch.js";

/** What must differ for the page to look different; a moving count is not in it. */
const shape = (snapshot) =>
  JSON.stringify([
    snapshot.meeting.state,
    snapshot.meeting.chair,
    snapshot.items?.map((item) => [item.id, item.state]),
    snapshot.current_item?.id,
    [snapshot.poll?.id, snapshot.poll?.state, snapshot.poll?.takes_ballots],
    snapshot.presence,
    snapshot.course,
  ]);

const drawn = Number(document.querySelector("[data-live-meeting]").dataset.version);
let known = null;
document.addEventListener("ec:snapshot", ({ detail }) => {
  const now = shape(detail);
  if (known === null ? detail.meeting.version !== drawn : known !== now) refresh();
  known = now;
});
startClocks();
startLive();
