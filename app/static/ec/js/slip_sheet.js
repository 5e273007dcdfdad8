// The sheet on which answers to slips are confirmed, one or several: filled from the server's answers, asked for one PIN.
import { pinFault } from "./pin.js";
import { pinProblem } from "./steps.js";
import { icon, text } from "./text.js";
import { openSheet } from "./ui.js";
import { confirmWithPasskey, offerPasskey, Unconfirmed } from "./vote_passkey.js";
import { fillRecap, fillSigning, lookOf } from "./vote_sheet.js";

const bare = (words) => (words || "").normalize("NFC").replace(/\s+/g, "");
const said = ({ choice, option, text: typed }) => [choice || null, option || null, bare(typed)];

/** What an answer says, whatever the spaces: signed text and typed text must say the same. */
function meaning({ answers }) {
  return JSON.stringify(
    answers.map((part) => [
      part.question,
      ...said(part),
      part.articles.map((each) => [each.article, ...said(each)]).filter(([, choice, , typed]) => choice || typed),
    ]),
  );
}

/** The text to be signed must be what was written, for this request. */
export function sameAnswer({ statement }, content, nonce) {
  const signed = JSON.parse(statement);
  const files = signed.attachments.length === content.uploads.length;
  return signed.nonce === nonce && signed.reservation === content.reservation && files && meaning(signed) === meaning(content);
}

function element(tag, className, words = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = words;
  return made;
}

function saidLine(look, answer) {
  const { look: kind, icon: sign } = lookOf(look);
  const made = element("p", kind ? `ec-said ec-said--${kind}` : "ec-said");
  made.append(icon(sign), element("span", "", answer));
  return made;
}

/** One question in the sheet, as slip_macros.html draws it on pages. */
function partRow({ text: asked, answer, look, remark, articles }) {
  const row = element("li", "");
  row.append(element("p", "slip-said__q", asked));
  if (answer) row.append(saidLine(look, answer));
  else if (!remark && !articles.length) row.append(element("p", "ec-muted", text("slip_not_answered")));
  if (remark) row.append(element("p", "slip-text", remark));
  if (articles.length) {
    const list = element("ul", "slip-articles");
    for (const each of articles) {
      const line = element("li", "");
      line.append(element("b", "ec-strong", each.label));
      if (each.answer) line.append(saidLine(each.look, each.answer));
      if (each.remark) line.append(element("p", "slip-text", each.remark));
      list.append(line);
    }
    row.append(list);
  }
  return row;
}

function answerSection(shape, { shown }) {
  const section = shape.content.firstElementChild.cloneNode(true);
  fillRecap(section, { ...shown, files: shown.attachments.map(({ name }) => name).join(", ") }, lookOf(shown.choice));
  section.querySelector("[data-parts]").replaceChildren(...shown.parts.map(partRow));
  return section;
}

/** Everything that would be signed, and when the first of it expires. */
export function fillAnswers(sheet, prepared) {
  const shape = sheet.querySelector("[data-answer-shape]");
  sheet.querySelector("[data-answers]").replaceChildren(...prepared.map((each) => answerSection(shape, each)));
  fillSigning(sheet, prepared[0]);
  sheet.querySelector("[data-raw]").textContent = prepared.map(({ statement }) => statement).join("\n\n");
  offerPasskey(sheet, prepared.length === 1 ? prepared[0] : {});
}

/** Ends with {pin, answer?} once it was confirmed, or null when the sheet was closed. `about` is what a passkey confirms. */
export function askToSign(sheet, about, note = "") {
  const input = sheet.querySelector("#pin");
  const button = sheet.querySelector("[data-sign-button]");
  const watching = new AbortController();
  const { signal } = watching;
  let given = null;

  async function authorise() {
    const fault = pinFault(input);
    if (fault) {
      pinProblem(sheet, fault);
      input.focus();
      return;
    }
    button.setAttribute("aria-disabled", "true");
    try {
      const answer = await confirmWithPasskey(sheet, about);
      if (!sheet.open) return;
      given = { pin: input.value, answer };
      sheet.close();
    } catch (problem) {
      if (!(problem instanceof Unconfirmed)) throw problem;
      pinProblem(sheet, problem.message);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  return new Promise((resolve) => {
    const submitted = (event) => {
      event.preventDefault();
      if (button.getAttribute("aria-disabled") !== "true") authorise();
    };
    const closed = () => {
      watching.abort();
      input.value = "";
      pinProblem(sheet, "");
      resolve(given);
    };
    sheet.querySelector("form").addEventListener("submit", submitted, { signal });
    input.addEventListener("input", () => pinProblem(sheet, ""), { signal });
    sheet.addEventListener("close", closed, { signal });
    pinProblem(sheet, note);
    openSheet(sheet);
    input.focus();
  });
}
