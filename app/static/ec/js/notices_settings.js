// Switches that save themselves, and push messages to this device.
import { drop, post, Refused, submit, Unanswered } from "./net.js";
import { setIcon, text } from "./text.js";

const say = (sentence) => {
  document.getElementById("ec-say").textContent = sentence;
};

/** A sentence where the page puts its messages, until the next one. */
function complain(sentence) {
  const place = document.querySelector("[data-push-state] span");
  say(sentence);
  if (place) place.textContent = sentence;
}

async function flip(form) {
  const button = form.querySelector('[role="switch"]');
  const input = form.querySelector('input[name="wanted"]');
  const wanted = input.value === "1";
  const show = (on) => {
    button.setAttribute("aria-checked", String(on));
    input.value = on ? "0" : "1";
  };
  button.setAttribute("aria-busy", "true");
  const sent = submit(form, button); // reads the form before it shows what is wanted
  show(wanted);
  try {
    await sent;
    say(text("switch_saved"));
  } catch (problem) {
    if (!(problem instanceof Refused || problem instanceof Unanswered)) throw problem;
    show(!wanted);
    say(problem.message);
  }
  button.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-switch]")) return;
  event.preventDefault();
  if (!event.target.querySelector('[aria-busy="true"]')) flip(event.target);
}, true); // before the page counts it as a form that leads away

const bytes = (base64url) => Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const same = (key, wanted) => key && btoa(String.fromCharCode(...new Uint8Array(key))) === btoa(String.fromCharCode(...wanted));
const SIGNS = { on: "circle-check", denied: "ban", off: "bell-off", none: "info" };

class Push {
  constructor(card) {
    this.card = card;
    this.state = card.querySelector("[data-push-state]");
    this.on = card.querySelector("[data-push-on]");
    this.off = card.querySelector("[data-push-off]");
    this.key = bytes(card.dataset.key);
  }

  async start() {
    if (!isSecureContext) return this.show("none", "push_insecure");
    if (!("serviceWorker" in navigator) || !("PushManager" in window)) return this.show("none", "push_unsupported");
    this.worker = await navigator.serviceWorker.register(this.card.dataset.worker, { scope: "/" });
    this.on.addEventListener("click", () => this.busy(this.on, () => this.subscribe()));
    this.off.addEventListener("click", () => this.busy(this.off, () => this.unsubscribe()));
    return this.look();
  }

  async look() {
    const subscription = await this.worker.pushManager.getSubscription();
    if (Notification.permission === "denied") return this.show("denied", "push_denied");
    const ours = subscription && same(subscription.options.applicationServerKey, this.key);
    return ours ? this.show("on", "push_on") : this.show("off", "push_off");
  }

  async subscribe() {
    if ((await Notification.requestPermission()) !== "granted") return this.look();
    const old = await this.worker.pushManager.getSubscription();
    if (old && !same(old.options.applicationServerKey, this.key)) await old.unsubscribe(); // of a key that is no more
    await navigator.serviceWorker.ready;
    const made = await this.worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: this.key });
    const { endpoint, keys } = made.toJSON();
    await post(this.card.dataset.push, { endpoint, p256dh: keys.p256dh, auth: keys.auth });
    location.reload(); // the list of devices
    return null;
  }

  async unsubscribe() {
    const subscription = await this.worker.pushManager.getSubscription();
    if (subscription) {
      await drop(this.card.dataset.push, { endpoint: subscription.endpoint });
      await subscription.unsubscribe();
    }
    location.reload();
  }

  async busy(button, act) {
    button.setAttribute("aria-disabled", "true");
    try {
      await act();
    } catch (problem) {
      const known = problem instanceof Refused || problem instanceof Unanswered;
      this.show("none", "push_failed");
      if (known) complain(problem.message);
    }
    button.removeAttribute("aria-disabled");
  }

  show(state, sentence) {
    this.state.dataset.state = state;
    setIcon(this.state.querySelector("svg"), SIGNS[state]);
    this.state.querySelector("span").textContent = text(sentence);
    this.on.hidden = state !== "off";
    this.off.hidden = state !== "on";
    if (state === "none" && this.worker) this.on.hidden = false; // try again
  }
}

const card = document.querySelector("[data-push]");
if (card) new Push(card).start();
