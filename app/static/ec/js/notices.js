// The page of notices keeps up with what comes in while it is open.
import { refresh } from "./regions.js";
import { text } from "./text.js";

document.addEventListener("ec:unread", async ({ detail }) => {
  await refresh();
  if (detail.more) document.getElementById("ec-say").textContent = text("notices_new");
});
