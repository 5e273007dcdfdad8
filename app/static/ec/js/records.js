// The generated record pages: conditions, chosen rows, questions before an act, select boxes, date fields.
import { text } from "./text.js";
import { openSheet } from "./ui.js";

const $ = window.jQuery;
const LONG = 10; // options from which on a select box gets a search field

// ---------- Questions ----------

const dialog = document.getElementById("rec-confirm");
let asked = null; // {form, submitter}

function ask(form, submitter, sentence) {
  asked = { form, submitter };
  form.dataset.asked = "1"; // a page that draws itself anew leaves it alone
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
    if (!asked) return;
    if (!agreed) delete asked.form.dataset.asked;
    if (!agreed) return;
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
  // this version of select2 forgets to put the cursor into its search field under jQuery 3.6
  $(select).on("select2:open", () => document.querySelector(".select2-container--open .select2-search__field")?.focus());
}

/** A text box with an address becomes a select box that asks this address while one types. */
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
      processResults: (answer) => ({ results: Array.isArray(answer) ? answer : answer.results || [] }),
    },
  });
}

const shown = (iso) => iso.slice(0, 10).split("-").reverse().join("/") + (iso.length > 10 ? ` ${iso.slice(11, 16)}` : "");

/** The field reads and sends dd/mm/yyyy whatever the browser's language; the browser's own calendar hides behind the sign. */
function dateField(input) {
  const timed = input.dataset.date === "moment";
  const box = document.createElement("div");
  const sign = document.createElement("span");
  const picture = document.createElement("i");
  const picker = document.createElement("input");
  box.className = "input-group";
  sign.className = "input-group-addon";
  picture.className = "fa fa-calendar";
  picture.setAttribute("aria-hidden", "true");
  picker.type = timed ? "datetime-local" : "date";
  picker.className = "rec-picker";
  picker.setAttribute("aria-label", text("calendar"));
  picker.addEventListener("click", () => picker.showPicker?.());
  picker.addEventListener("change", () => {
    input.value = picker.value ? shown(picker.value) : "";
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.autocomplete = "off";
  input.placeholder = text(timed ? "time" : "date");
  input.classList.add("rec-date");
  input.replaceWith(box);
  sign.append(picture, picker);
  box.append(sign, input);
}

/** The browser names its file button in its own language; ours stands over it. */
function fileField(input) {
  const box = document.createElement("div");
  const button = document.createElement("span");
  const name = document.createElement("span");
  box.className = "rec-filebox";
  button.className = "btn btn-default";
  button.textContent = text("choose_file");
  button.setAttribute("aria-hidden", "true");
  name.textContent = text("no_file");
  input.addEventListener("change", () => {
    name.textContent = [...input.files].map((file) => file.name).join(", ") || text("no_file");
  });
  input.replaceWith(box);
  box.append(button, name, input);
}

function initFields() {
  for (const input of document.querySelectorAll('input[type="file"]')) fileField(input);
  for (const input of document.querySelectorAll("input[data-date]")) dateField(input);
  for (const input of document.querySelectorAll("input.my_select2_ajax")) pickField(input);
  for (const select of document.querySelectorAll("select.my_select2, .rec-form select.form-control")) enrich(select);
  for (const box of document.querySelectorAll('.rec-form [aria-invalid="true"]')) {
    box.focus();
    break;
  }
}

initConfirm();
initRows();
initConditions();
nameValues();
initFields();
