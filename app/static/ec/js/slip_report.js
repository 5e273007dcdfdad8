// The report on a slip: acts without losing what was typed; what was decided is shown on the page drawn anew.
import { initActs } from "./act_form.js";

function warn(sentence) {
  const line = document.getElementById("act-problem");
  line.querySelector("span").textContent = sentence;
  line.hidden = !sentence;
  if (sentence) line.scrollIntoView({ block: "nearest" });
}

initActs({ warn, done: () => location.reload() });
