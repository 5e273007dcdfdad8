// Adding a passkey: name and password, then the device is asked, then its answer is registered.
import { post, Refused, Unanswered } from "./net.js";
import { calledOff, decoded, encoded, supported } from "./passkey.js";
import { text } from "./text.js";

const card = document.getElementById("add");
const form = card.querySelector("form");
const button = form.querySelector('button[type="submit"]');

function complain(sentence, field) {
  const line = form.querySelector("[data-problem]");
  line.querySelector("span").textContent = sentence || "";
  line.hidden = !sentence;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const input = field && form.elements[field];
  if (!input) return;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

async function make(options) {
  const excludeCredentials = (options.excludeCredentials || []).map((known) => ({ ...known, id: decoded(known.id) }));
  const user = { ...options.user, id: decoded(options.user.id) };
  const publicKey = { ...options, challenge: decoded(options.challenge), user, excludeCredentials };
  const { rawId, response } = await navigator.credentials.create({ publicKey });
  return {
    id: encoded(rawId),
    client_data: encoded(response.clientDataJSON),
    attestation: encoded(response.attestationObject),
    transports: response.getTransports?.() || [],
  };
}

async function add() {
  const { label, password } = form.elements;
  if (!label.value.trim()) return complain(text("passkey_label_missing"), "label");
  if (!password.value) return complain(text("passkey_password_missing"), "password");
  complain("");
  const sent = { label: label.value.trim(), password: password.value };
  password.value = "";
  const made = await make(await post(form.dataset.begin, sent));
  await post(form.dataset.complete, made);
  return location.reload();
}

function said(problem) {
  if (problem instanceof Refused || problem instanceof Unanswered) return problem.message;
  if (!calledOff(problem)) throw problem;
  return text(problem.name === "InvalidStateError" ? "passkey_there" : "passkey_not_made");
}

async function busy() {
  button.setAttribute("aria-disabled", "true");
  try {
    await add();
  } catch (problem) {
    complain(said(problem), problem.field);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (button.getAttribute("aria-disabled") !== "true") busy();
});

if (location.origin !== card.dataset.origin) {
  document.querySelector("[data-elsewhere]").hidden = false;
  button.disabled = true;
} else if (!supported()) {
  complain(text("passkey_unsupported"));
  button.disabled = true;
}
