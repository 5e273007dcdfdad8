// Which PIN the key takes, as the server wrote it at the field, and how long its signature may take.
import { text } from "./text.js";

const SIX_DIGITS = "[0-9]{6}";

/** What is wrong with the PIN that was typed; nothing when it may be tried. */
export const pinFault = (input) =>
  new RegExp(`^(?:${input.pattern || SIX_DIGITS})$`).test(input.value) ? "" : input.dataset.rule || text("pin_length");

/** Seconds to wait for a signature: a provider may ask its owner first. */
export const pinPatience = (input) => Number(input.dataset.patience || 30);
