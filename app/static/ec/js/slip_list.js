// The list of slips draws itself anew when one has come, was answered, moved or is over.
import { refresh } from "./regions.js";

document.addEventListener("ec:slips", () => refresh());
document.addEventListener("ec:notice", ({ detail }) => {
  if (detail?.slip_id) refresh();
});
