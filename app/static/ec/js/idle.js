// Locks an unattended screen. The page stays as it is underneath, so nothing typed is lost.
import { post, Refused, Unanswered } from "./net.js";
import { text } from "./text.js";
import { offerUnlock } from "./unlock.js";

const KEY = "ec-last-touch"; // shared by all tabs of this browser
const AWAKE = 240; // seconds between two signs of life that a person who only reads or types gives the server
const touches = ["pointerdown", "keydown", "wheel", "touchstart"];

function remember() {
  try {
    localStorage.setItem(KEY, String(Date.now()));
  } catch {
    // storage is closed: each tab then counts for itself
  }
}

function lastTouch(own) {
  try {
    return Math.max(own, Number(localStorage.getItem(KEY)) || 0);
  } catch {
    return own;
  }
}

function initDialog(dialog, onUnlock) {
  const form = dialog.querySelector("form");
  const input = form.querySelector("input[type=password]");
  const error = form.querySelector("[data-error]");
  const open = () => {
    form.reset();
    dialog.close();
    onUnlock();
  };
  const complain = (sentence) => {
    error.querySelector("span").textContent = sentence;
    error.hidden = !sentence;
  };
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  offerUnlock(dialog, { complain, open });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    complain("");
    try {
      await post(form.action, { password: input.value });
      open();
    } catch (problem) {
      if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
      if (problem.code === "signed_out") location.reload();
      complain(problem.message || text("unanswered"));
      input.select();
    }
  });
}

/** The server counts by its own clock as well; a lost notice changes nothing. */
function tell(address) {
  if (!address) return;
  post(address, {}).catch((problem) => {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
  });
}

export function initIdle() {
  const dialog = document.getElementById("ec-lock");
  if (!dialog) return;
  const seconds = Number(dialog.dataset.seconds);
  let own = Date.now();
  let told = 0;
  let awake = Date.now();
  remember();

  const show = () => {
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input[type=password]").focus();
  };
  const touch = () => {
    own = Date.now();
    if (dialog.open || own - told < 5000) return;
    told = own;
    remember();
  };
  for (const kind of touches) addEventListener(kind, touch, { passive: true, capture: true });
  document.addEventListener("ec:locked", show);
  initDialog(dialog, () => {
    own = Date.now();
    remember();
    document.dispatchEvent(new CustomEvent("ec:unlocked"));
  });
  setInterval(() => {
    if (dialog.open || Date.now() - lastTouch(own) < seconds * 1000) return;
    show();
    tell(dialog.dataset.lock);
  }, 5000);
  setInterval(() => {
    if (dialog.open || own < awake || Date.now() - awake < AWAKE * 1000) return;
    awake = Date.now();
    tell(dialog.dataset.awake);
  }, 5000);
}
