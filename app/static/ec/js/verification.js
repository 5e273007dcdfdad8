// The public page: colours, and a file that is too large is not sent at all.
import { initTheme } from "./theme.js";
import { text } from "./text.js";

const form = document.querySelector("form.ec-drop");
const input = form.elements.file;
const name = form.querySelector("[data-name]");
const line = form.querySelector("[data-problem]");

function judge() {
  const file = input.files[0];
  const tooLarge = Boolean(file && file.size > Number(form.dataset.largest));
  name.textContent = file ? text("file_chosen", { name: file.name }) : "";
  line.querySelector("span").textContent = tooLarge ? text("file_too_large") : "";
  line.hidden = !tooLarge;
  return !tooLarge;
}

function take(event) {
  event.preventDefault();
  form.toggleAttribute("data-over", event.type === "dragover");
  if (event.type !== "drop" || !event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  judge();
}

input.addEventListener("change", judge);
for (const kind of ["dragover", "dragleave", "drop"]) form.addEventListener(kind, take);
form.addEventListener("submit", (event) => {
  if (!judge() || form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.querySelector("button").setAttribute("aria-disabled", "true");
  name.textContent = text("file_checking");
});
addEventListener("pageshow", () => {
  delete form.dataset.sent;
  form.querySelector("button").removeAttribute("aria-disabled");
  judge();
});
initTheme();
