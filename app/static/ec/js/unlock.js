// Opening a locked screen with a passkey: the button of the dialog, and that of the page of the lock.
import { post, Refused, Unanswered } from "./net.js";
import { calledOff, confirmText, supported } from "./passkey.js";
import { text } from "./text.js";

function said(problem) {
  if (problem instanceof Refused || problem instanceof Unanswered) return problem.message;
  if (!calledOff(problem)) throw problem;
  return text("unlock_called_off");
}

async function unlock(button) {
  const asked = await post(button.dataset.ask, {});
  await post(button.dataset.answer, await confirmText(asked, asked.nonce));
}

/** Shows the button where passkeys work. `complain` takes a sentence or "", `open` follows once the screen is open. */
export function offerUnlock(box, { complain, open }) {
  const button = box.querySelector("[data-unlock-passkey]");
  if (!button || !supported() || location.origin !== button.dataset.origin) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    complain("");
    try {
      await unlock(button);
      open();
    } catch (problem) {
      if (problem.code === "signed_out") location.reload();
      complain(said(problem));
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}
