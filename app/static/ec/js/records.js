// The generated record pages: conditions, chosen rows, questions before an act, select boxes, date fields.
import { text } from "./text.js";
import { openSheet } from "./ui.js";

const $ = window.jQuery;
const LONG = 10; // options from which on a select box gets a search field
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

// ---------- Questions ----------

const dialog = document.getElementById("rec-confirm");
let asked = null; // {form, submitter}

function ask(form, submitter, sentence) {
  asked = { form, submitter };
  document.getElementById("rec-confirm-text").textContent = sentence;
  openSheet(dialog);
}

function initConfirm() {
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const sentence = event.submitter?.dataset.confirm || form.dataset.confirm;
      if (!sentence || form.dataset.agreed) return;
      event.preventDefault();
      ask(form, event.submitter, sentence);
    },
    true,
  );
  dialog?.addEventListener("close", () => {
    const agreed = dialog.returnValue === "yes";
    dialog.returnValue = "";
    if (!agreed || !asked) return;
    asked.form.dataset.agreed = "1";
    asked.form.requestSubmit(asked.submitter);
  });
}

// ---------- Chosen rows ----------

function countRows(name) {
  const boxes = [...document.querySelectorAll(`[data-row="${name}"]`)];
  const chosen = boxes.filter((box) => box.checked);
  const bar = document.querySelector(`[data-bulk="${name}"]`);
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  bar.querySelector("[data-bulk-count]").textContent = text("selected", { n: chosen.length });
  for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked);
  const all = document.querySelector(`[data-all="${name}"]`);
  if (!all) return;
  all.checked = chosen.length > 0 && chosen.length === boxes.length;
  all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
}

function chooseAll(name, on) {
  for (const box of document.querySelectorAll(`[data-row="${name}"]`)) box.checked = on;
  countRows(name);
}

function initRows() {
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.dataset.all) chooseAll(box.dataset.all, box.checked);
    if (box.dataset.row) countRows(box.dataset.row);
  });
  document.addEventListener("click", (event) => {
    const none = event.target.closest("[data-bulk-none]");
    if (none) chooseAll(none.closest("[data-bulk]").dataset.bulk, false);
  });
}

// ---------- Conditions ----------

const valueOf = (row) => row.querySelector("[data-value] input:not(.rec-picker), [data-value] select, [data-value] textarea");

/** Only filled conditions travel, each under the name the server expects: `_flt_<operator>_<column>`. */
function nameConditions(form) {
  for (const row of form.querySelectorAll(".rec-condition")) {
    const field = valueOf(row);
    if (!field) continue;
    const filled = field.type === "checkbox" ? field.checked : field.value !== "" && field.value !== "__None";
    field.name = filled ? `_flt_${row.querySelector("[data-op]").value}_${row.dataset.col}` : "";
    for (const kept of form.querySelectorAll("[data-kept]")) if (filled && kept.name === field.name) kept.remove();
  }
}

/** A condition on a related record travels as a number; the sentence says its name. */
function nameValues() {
  for (const place of document.querySelectorAll("[data-cond]")) {
    const field = document.querySelector(`.rec-condition[data-col="${place.dataset.cond}"] select:not([data-op])`);
    const option = field && [...field.options].find((one) => one.value === place.textContent);
    if (option) place.textContent = option.textContent;
    else if (ISO_DATE.test(place.textContent)) place.textContent = place.textContent.split("-").reverse().join("/");
  }
}

function initConditions() {
  const form = document.querySelector("[data-conditions]");
  if (!form) return;
  for (const row of form.querySelectorAll(".rec-condition")) {
    const field = valueOf(row);
    if (field?.tagName === "SELECT" && !field.multiple && ![...field.options].some((one) => one.value === "" || one.value === "__None")) {
      field.add(new Option("", ""), 0);
    }
    if (field?.tagName === "SELECT") field.selectedIndex = 0;
    if (field) field.required = false;
  }
  form.addEventListener("submit", () => nameConditions(form));
}

// ---------- Fields ----------

function enrich(select, more = null) {
  if (!$?.fn.select2 || select.matches("[data-op]")) return;
  if (!more && !select.multiple && select.options.length <= LONG) return;
  const inside = select.closest(".ec-pop, dialog");
  $(select).select2({
    width: "100%",
    placeholder: text("choose"),
    allowClear: !select.required && !select.multiple,
    dropdownParent: inside ? $(inside) : $(document.body),
    language: { noResults: () => text("no_match"), searching: () => text("loading"), errorLoading: () => text("unanswered"), removeItem: () => text("remove"), removeAllItems: () => text("remove") },
    ...more,
  });
}

const listOf = (answer) => (Array.isArray(answer) ? answer : answer.results || []);
const fold = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d").replaceAll("Đ", "D").toLowerCase();

/** A text box with an address becomes a select box that asks this address while one types; the answer is narrowed here as well. */
function pickField(input) {
  const select = document.createElement("select");
  for (const name of ["id", "name", "aria-invalid", "aria-describedby"]) {
    if (input.hasAttribute(name)) select.setAttribute(name, input.getAttribute(name));
  }
  select.className = "form-control";
  select.required = input.required;
  select.add(new Option("", ""));
  if (input.value) select.add(new Option(input.dataset.text || input.value, input.value, true, true));
  const endpoint = input.getAttribute("endpoint");
  input.replaceWith(select);
  enrich(select, {
    ajax: {
      url: endpoint,
      delay: 200,
      dataType: "json",
      data: ({ term }) => ({ q: term || "" }),
      processResults: (answer, { term }) => {
        const wanted = fold(term || "").split(/\s+/);
        return { results: listOf(answer).filter((one) => wanted.every((word) => fold(one.text).includes(word))) };
      },
    },
  });
}

const shown = (iso) => iso.slice(0, 10).split("-").reverse().join("/") + (iso.length > 10 ? ` ${iso.slice(11, 16)}` : "");
const WRITTEN = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:\s+(\d{1,2})[:h](\d{2}))?$/;

/** What a person writes (04/08/2026 08:00) as the framework wants it; anything else goes as it is and is refused there. */
function isoOf(words, timed) {
  const found = WRITTEN.exec(words.trim());
  if (!found) return words;
  const [, day, month, year, hour = "00", minute = "00"] = found;
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return timed ? `${date} ${hour.padStart(2, "0")}:${minute}:00` : date;
}

/** The browser's own calendar hides behind the sign; the field itself always reads dd/mm/yyyy, whatever the browser's language. */
function calendar(box, input, timed) {
  const sign = box.querySelector(".input-group-addon");
  const picker = document.createElement("input");
  picker.type = timed ? "datetime-local" : "date";
  picker.className = "rec-picker";
  picker.setAttribute("aria-label", text("calendar"));
  picker.addEventListener("click", () => picker.showPicker?.());
  picker.addEventListener("change", () => {
    input.value = picker.value ? shown(picker.value) : "";
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  sign.append(picker);
}

function dateField(box, timed) {
  const input = box.querySelector("input.form-control, input.filter_val");
  if (!input || input.dataset.dateFormat) return;
  box.removeAttribute("data-provide");
  if (ISO_DATE.test(input.value.slice(0, 10))) input.value = shown(input.value.replace(" ", "T"));
  input.inputMode = "numeric";
  input.autocomplete = "off";
  input.placeholder = text(timed ? "time" : "date");
  input.classList.add("rec-date");
  calendar(box, input, timed);
  input.form?.addEventListener("formdata", ({ formData }) => {
    if (input.name && input.value) formData.set(input.name, isoOf(input.value, timed));
  });
}

function initFields() {
  for (const box of document.querySelectorAll(".appbuilder_date")) dateField(box, false);
  for (const box of document.querySelectorAll(".appbuilder_datetime")) dateField(box, true);
  for (const input of document.querySelectorAll("input.my_select2_ajax")) pickField(input);
  for (const select of document.querySelectorAll("select.my_select2, .rec-form select.form-control")) enrich(select);
  for (const box of document.querySelectorAll('.rec-form input[aria-invalid="true"], .rec-form textarea[aria-invalid="true"]')) {
    box.focus();
    break;
  }
}

initConfirm();
initRows();
initConditions();
nameValues();
initFields();
