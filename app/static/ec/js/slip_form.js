// The fields of a slip: what was typed into them as the server wants it, put back, and the proposals beside a text.
import { text } from "./text.js";

const partsOf = (form) => [...form.querySelectorAll("[data-question]")];

/** {answers, reservation, uploads} as it stands in the form. */
export function readForm(form) {
  const value = (name) => form.elements[name]?.value ?? "";
  const answers = partsOf(form).map(({ dataset }, index) => {
    const question = Number(dataset.question);
    const articles = [...partsOf(form)[index].querySelectorAll("[data-article]")]
      .map((box) => Number(box.dataset.article))
      .map((article) => ({ article, choice: value(`choice-${question}-${article}`) || null, text: value(`text-${question}-${article}`) }))
      .filter(({ choice, text: typed }) => choice || typed);
    return {
      question,
      choice: (dataset.kind === "consent" && value(`choice-${question}`)) || null,
      option: (dataset.kind === "pick" && Number(value(`option-${question}`))) || null,
      text: value(`text-${question}`),
      articles,
    };
  });
  const uploads = [...form.querySelectorAll('input[name="upload"]')].map((input) => Number(input.value));
  return { answers, reservation: form.elements.reservation.checked, uploads };
}

/** Whether something was typed or chosen before the script of the page was there. */
export function touched(form) {
  return [...form.elements].some((field) => {
    if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
    return field.type === "textarea" && field.value !== field.defaultValue;
  });
}

/** Puts texts and choices back that were kept on this device. */
export function fillForm(form, { answers, reservation }) {
  const put = (name, value) => {
    if (form.elements[name]) form.elements[name].value = value ?? "";
  };
  for (const { question, choice, option, text: typed, articles } of answers) {
    if (choice) put(`choice-${question}`, choice);
    if (option) put(`option-${question}`, String(option));
    put(`text-${question}`, typed);
    for (const each of articles) {
      if (each.choice) put(`choice-${question}-${each.article}`, each.choice);
      put(`text-${question}-${each.article}`, each.text);
      form.elements[`text-${question}-${each.article}`]?.closest("details")?.setAttribute("open", "");
    }
  }
  form.elements.reservation.checked = reservation;
}

/** What is missing before it can be signed, in words; nothing when it is ready. */
export function missing(form, { answers, uploads }) {
  const main = form.querySelector("[data-main]")?.dataset.question;
  const deciding = answers.find(({ question }) => String(question) === main);
  if (deciding && !deciding.choice) return { sentence: text("slip_need", { n: main }), field: `choice-${main}` };
  const says = answers.some(({ choice, option, text: typed, articles }) => choice || option || typed.trim() || articles.length);
  return says || uploads.length ? null : { sentence: text("slip_need_any"), field: "" };
}

/** Only who does not agree to the question that decides has something to reserve. */
export function syncReserve(form) {
  const main = form.querySelector("[data-main]")?.dataset.question;
  const choice = main && form.elements[`choice-${main}`].value;
  const box = form.querySelector("[data-reserve]");
  box.hidden = !choice || choice === "agree";
  if (box.hidden) form.elements.reservation.checked = false;
}

function button(label, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "ec-btn";
  made.textContent = label;
  made.addEventListener("click", pressed);
  return made;
}

function line(tag, className, words) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = words;
  return made;
}

/** Beside each text that cannot stay: why, what is proposed, and the choice between both; nothing is changed by itself. */
export function showOffers(form, offers, { taken, meant }) {
  for (const box of form.querySelectorAll("[data-offer]")) {
    if (!offers.some(({ field, code }) => box.dataset.offer === `${field} ${code}`)) box.remove();
  }
  for (const { field, code, message, details } of offers) {
    const place = form.querySelector(`[data-field="${CSS.escape(field)}"]`);
    const area = form.elements[field];
    if (!place || !area || place.querySelector("[data-offer]")) continue;
    const box = line("div", "ec-banner ec-banner--warn", "");
    box.dataset.offer = `${field} ${code}`;
    box.setAttribute("role", "alert");
    const words = line("div", "ec-stack--2", "");
    words.append(line("p", "", message));
    const choices = line("div", "ec-btns", "");
    if (details.offered !== undefined) {
      words.append(line("p", "ec-small ec-muted", text("slip_proposed")), line("pre", "slip-text", details.offered));
      choices.append(
        button(text("slip_take"), () => {
          area.value = details.offered;
          box.remove();
          taken(field);
        }),
      );
    }
    if (details.ask) {
      choices.append(
        button(text("slip_mean"), () => {
          box.remove();
          meant(field);
        }),
      );
    }
    words.append(choices);
    box.append(words);
    place.append(box);
    place.closest("details")?.setAttribute("open", "");
  }
}
