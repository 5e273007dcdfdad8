// One way to send and fetch: token, language, time limit, and the three possible ends (answer, refusal, no answer).
import { text } from "./text.js";

/** The server answered no: `code`, a sentence for people, perhaps the field and details. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.message || text("refused"));
    this.status = status;
    this.code = problem.code || String(status);
    this.field = problem.field || null;
    this.details = problem.details || {};
  }
}

/** No answer, or one that leaves open whether the act was done: ask again with the same nonce. */
export class Unanswered extends Error {}

const token = () => document.querySelector('meta[name="csrf-token"]')?.content || "";
const pathOf = (address) => new URL(address, location.href).pathname;

async function request(url, options, seconds) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(seconds * 1000), ...options });
  } catch {
    throw new Unanswered(text("unanswered"));
  }
  if (response.status >= 500 || response.status === 408) throw new Unanswered(text("unanswered"));
  return response;
}

async function answer(response, asked) {
  const json = (response.headers.get("Content-Type") || "").includes("json");
  if (response.redirected && pathOf(response.url) !== pathOf(asked)) {
    throw new Refused(401, { code: "signed_out", message: text("signed_out") });
  }
  const read = json ? await response.json().catch(() => undefined) : {};
  if (response.ok && read === undefined) throw new Unanswered(text("unanswered")); // the line broke in the middle of the answer
  const body = read || {};
  if (!response.ok) {
    if (body.code === "session_locked") document.dispatchEvent(new CustomEvent("ec:locked"));
    throw new Refused(response.status, body);
  }
  return body;
}

async function sendJson(method, url, body, seconds) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() };
  return answer(await request(url, { method, headers, body: JSON.stringify(body) }, seconds), url);
}

export const post = (url, body, seconds = 30) => sendJson("POST", url, body, seconds);
export const drop = (url, body, seconds = 30) => sendJson("DELETE", url, body, seconds);

/** Sends files and values as a form; the answer is JSON. */
export async function send(url, fields, seconds = 120) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return answer(await request(url, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token() }, body }, seconds), url);
}

export async function get(url, seconds = 10) {
  return answer(await request(url, { headers: { Accept: "application/json" }, cache: "no-store" }, seconds), url);
}

/** Sends a form as it is. Ends with the page that the server leads to (a document), or null when it answered in JSON. */
export async function submit(form, button, seconds = 30) {
  const headers = { Accept: "application/json, text/html;q=0.5", "X-CSRFToken": token(), "X-Requested-With": "XMLHttpRequest" };
  const address = button?.getAttribute("formaction") ? button.formAction : form.action;
  const body = new URLSearchParams(new FormData(form, button));
  const response = await request(address, { method: "POST", headers, body }, seconds);
  const html = (response.headers.get("Content-Type") || "").includes("html");
  if (!html || !response.ok) {
    await answer(response, response.url);
    return null;
  }
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** The page as the server would draw it now; used to exchange regions after a change of state. */
export async function page(url, seconds = 15) {
  const response = await request(url, { headers: { Accept: "text/html" }, cache: "no-store" }, seconds);
  if (!response.ok || (response.redirected && pathOf(response.url) !== pathOf(url))) throw new Unanswered(text("unanswered"));
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
