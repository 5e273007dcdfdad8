// Which PIN the key takes, as the server wrote it at the field, and how long its signature may take.
import { text } from "./text.js";

const SIX_DIGITS = "[0-9]{6}";

/** What is wrong with the PIN that was typed; nothing when it may be tried. */
export const pinFault = (input) =>
  new RegExp(`^(?:${input.pattern || SIX_DIGITS})$`).test(input.value) ? "" : input.dataset.rule || text("pin_length");

/** Refusals that leave everything as it was, so that the PIN is asked for again beside what was typed. */
const AT_THE_PIN = new Set(["pin_wrong", "pin_form", "key_silent"]);
export const asksAgain = (problem) => AT_THE_PIN.has(problem.code);

/** The sentence at the field; a wrong PIN also names the rule of its tries. */
export const pinWords = (problem) => (problem.code === "pin_wrong" ? `${problem.message} ${text("pin_rule")}` : problem.message);

/** Seconds to wait for a signature: a provider may ask its owner first. */
export const pinPatience = (input) => Number(input.dataset.patience || 30);
