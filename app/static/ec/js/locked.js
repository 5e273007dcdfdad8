// The page of a locked screen: a passkey opens it as the password does, and leads to where one was.
import { offerUnlock } from "./unlock.js";

const form = document.querySelector("[data-locked]");
const line = form.querySelector("[data-passkey-error]");

function complain(sentence) {
  line.querySelector("span").textContent = sentence;
  line.hidden = !sentence;
}

offerUnlock(form, { complain, open: () => location.replace(form.elements.next.value) });
