// What every page shows on which somebody signs: one step at a time, and what is wrong beside what it is about.

/** Show one step of the page; whoever listens is led to the heading of what begins. */
export function showStep(root, step) {
  root.dataset.step = step;
  for (const element of root.querySelectorAll("[data-show]")) element.hidden = element.dataset.show !== step;
  if (step === "sending") root.querySelector("[data-sending-head]").focus();
  if (step === "receipt") root.querySelector("[data-receipt-head]").focus();
}

/** A sentence on a line of its own; without one the line goes. `block`: where the page scrolls to, as for scrollIntoView. */
export function complainAt(line, sentence, block = "center") {
  line.querySelector("span").textContent = sentence || "";
  line.hidden = !sentence;
  if (sentence) line.scrollIntoView({ block });
}

/** What is wrong with the PIN that was typed in a sheet; without a sentence nothing is. */
export function pinProblem(sheet, sentence) {
  const line = sheet.querySelector("[data-pin-error]");
  const input = sheet.querySelector("#pin");
  line.querySelector("span").textContent = sentence || "";
  line.hidden = !sentence;
  if (sentence) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}
