// The passkey in the confirm sheet: offered where the member has one, demanded where the vote asks for it.
import { calledOff, confirmText, supported } from "./passkey.js";
import { text } from "./text.js";

/** Why the ballot is not confirmed, for the sheet; nothing was sent. */
export class Unconfirmed extends Error {}

const works = (box) => supported() && location.origin === box.dataset.origin;

/** A demanded passkey cannot be left out; an offered one can, for the case that the device fails. */
export function offerPasskey(sheet, { passkey }) {
  const box = sheet.querySelector("[data-passkey]");
  const input = box.querySelector("input");
  const demanded = "demanded" in box.dataset;
  const offered = Boolean(passkey) && works(box);
  box.hidden = !offered && !demanded;
  input.checked = offered || demanded;
  input.disabled = demanded;
}

/** The answer of the authenticator about this text, once for each text; undefined where none is wanted. */
export async function confirmWithPasskey(sheet, ballot) {
  const box = sheet.querySelector("[data-passkey]");
  if (!box.querySelector("input").checked) return undefined;
  if (ballot.answer) return ballot.answer;
  if (!works(box) || !ballot.passkey) throw new Unconfirmed(text("passkey_elsewhere", { origin: box.dataset.origin }));
  try {
    return await confirmText(ballot.passkey, ballot.statement);
  } catch (problem) {
    if (!calledOff(problem)) throw problem;
    throw new Unconfirmed(text("passkey_unconfirmed"));
  }
}
