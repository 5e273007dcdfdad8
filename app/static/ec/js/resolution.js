// The record of a Resolution: drawn anew when something happened to it, acts without losing what was typed, the signed recall.
import { initActs } from "./act_form.js";
import { initSigning } from "./act_sign.js";
import { say, startLive } from "./live.js";
import { refresh } from "./regions.js";
import { startClocks } from "./stopwatch.js";

const root = document.getElementById("resolution");
let version = Number(root.dataset.version);

const state = () => document.querySelector("[data-state]")?.textContent.trim();
let said = state();

function warn(sentence) {
  const line = document.getElementById("act-problem");
  line.querySelector("span").textContent = sentence;
  line.hidden = !sentence;
  if (sentence) line.scrollIntoView({ block: "nearest" });
}

document.addEventListener("ec:snapshot", ({ detail }) => {
  if (detail.meeting.version === version) return;
  version = detail.meeting.version;
  refresh();
});
document.addEventListener("ec:drawn", () => {
  if (state() === said) return;
  said = state();
  say(said);
});
initActs({ warn, done: () => refresh() });
initSigning(refresh);
startClocks();
startLive();
