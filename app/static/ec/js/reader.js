// Reads a paper inside the page: pages are drawn when they come near, the text layer lies above for selection and screen readers.
import * as pdfjs from "../../vendor/pdfjs-dist/pdf.min.mjs";
import { initFind } from "./reader_find.js";
import { text } from "./text.js";

pdfjs.GlobalWorkerOptions.workerSrc = new URL("../../vendor/pdfjs-dist/pdf.worker.min.mjs", import.meta.url).href;

const desk = document.getElementById("desk");
const book = document.getElementById("pages");
const state = document.getElementById("reader-state");
const field = document.getElementById("page-no");
const MAX_WIDTH = 820; // CSS pixels of a page at 100 %
const STEPS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3];
const SHARP = Math.min(devicePixelRatio || 1, 2);
const KEPT = 12; // drawn pages kept in memory

let paper = null;
let zoom = 1;
let current = 1;
const sheets = []; // {number, box, page, ratio, drawn}
const recent = [];

const base = () => Math.min(desk.clientWidth - 24, MAX_WIDTH);

function size(sheet) {
  const width = base() * zoom;
  sheet.box.style.width = `${width}px`;
  sheet.box.style.height = `${width * sheet.ratio}px`;
}

function clear(sheet) {
  sheet.task?.cancel();
  sheet.box.replaceChildren();
  sheet.drawn = 0;
}

async function drawText(sheet, viewport) {
  const layer = document.createElement("div");
  layer.className = "textLayer";
  sheet.box.style.setProperty("--total-scale-factor", viewport.scale);
  sheet.box.style.setProperty("--scale-round-x", "1px");
  sheet.box.style.setProperty("--scale-round-y", "1px");
  sheet.box.append(layer);
  await new pdfjs.TextLayer({ textContentSource: sheet.page.streamTextContent(), container: layer, viewport }).render();
  document.dispatchEvent(new CustomEvent("ec:page-text", { detail: { number: sheet.number, layer } }));
}

async function draw(sheet) {
  if (sheet.drawn === zoom) return;
  sheet.drawn = zoom;
  sheet.page ??= await paper.getPage(sheet.number);
  const natural = sheet.page.getViewport({ scale: 1 });
  sheet.ratio = natural.height / natural.width;
  size(sheet);
  const viewport = sheet.page.getViewport({ scale: (base() * zoom) / natural.width });
  const canvas = document.createElement("canvas");
  canvas.width = Math.floor(viewport.width * SHARP);
  canvas.height = Math.floor(viewport.height * SHARP);
  canvas.setAttribute("aria-hidden", "true");
  sheet.task?.cancel();
  sheet.task = sheet.page.render({ canvas, viewport, transform: SHARP === 1 ? null : [SHARP, 0, 0, SHARP, 0, 0] });
  try {
    await sheet.task.promise;
  } catch (problem) {
    if (problem instanceof pdfjs.RenderingCancelledException) return;
    throw problem;
  }
  sheet.box.replaceChildren(canvas);
  await drawText(sheet, viewport);
  forget(sheet);
}

function forget(sheet) {
  const at = recent.indexOf(sheet);
  if (at >= 0) recent.splice(at, 1);
  recent.push(sheet);
  while (recent.length > KEPT) clear(recent.shift());
}

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(sheets[Number(entry.target.dataset.page) - 1]);
  },
  { root: desk, rootMargin: "60% 0px" },
);

function mark(number) {
  if (number === current && field.value === String(number)) return;
  current = number;
  if (document.activeElement !== field) field.value = String(number);
  document.getElementById("page-prev").disabled = number <= 1;
  document.getElementById("page-next").disabled = number >= sheets.length;
  for (const link of document.querySelectorAll("[data-thumb]")) {
    if (Number(link.dataset.thumb) === number) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function where() {
  const middle = desk.scrollTop + desk.clientHeight / 3;
  const at = sheets.findLastIndex((sheet) => sheet.box.offsetTop <= middle);
  mark(Math.max(at, 0) + 1);
}

export function goTo(number) {
  const sheet = sheets[Math.min(Math.max(number, 1), sheets.length) - 1];
  desk.scrollTop = sheet.box.offsetTop - 16;
  mark(sheet.number);
}

function setZoom(next) {
  const place = desk.scrollTop / (book.scrollHeight || 1);
  zoom = next;
  document.getElementById("zoom-out").disabled = zoom <= STEPS[0];
  document.getElementById("zoom-in").disabled = zoom >= STEPS.at(-1);
  document.getElementById("zoom-value").textContent = `${Math.round(zoom * 100)} %`;
  for (const sheet of sheets) {
    if (sheet.drawn) clear(sheet);
    size(sheet);
    near.unobserve(sheet.box);
    near.observe(sheet.box);
  }
  recent.length = 0;
  desk.scrollTop = place * book.scrollHeight;
}

const step = (by) => STEPS[Math.min(Math.max(STEPS.findIndex((value) => value >= zoom) + by, 0), STEPS.length - 1)];

function initControls() {
  document.getElementById("page-prev").addEventListener("click", () => goTo(current - 1));
  document.getElementById("page-next").addEventListener("click", () => goTo(current + 1));
  document.getElementById("zoom-out").addEventListener("click", () => setZoom(step(-1)));
  document.getElementById("zoom-in").addEventListener("click", () => setZoom(step(1)));
  field.addEventListener("change", () => goTo(Number(field.value) || current));
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    goTo(Number(field.value) || current);
  });
  document.getElementById("thumbs").addEventListener("click", (event) => {
    const link = event.target.closest("[data-thumb]");
    if (!link) return;
    event.preventDefault();
    goTo(Number(link.dataset.thumb));
  });
  desk.addEventListener("scroll", () => requestAnimationFrame(where), { passive: true });
  desk.addEventListener("keydown", (event) => {
    const key = event.key;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== desk) return;
    if (key === "ArrowRight" || key === "PageDown") goTo(current + 1);
    else if (key === "ArrowLeft" || key === "PageUp") goTo(current - 1);
    else if (key === "Home") goTo(1);
    else if (key === "End") goTo(sheets.length);
    else if (key === "+" || key === "=") setZoom(step(1));
    else if (key === "-") setZoom(step(-1));
    else return;
    event.preventDefault();
  });
  let width = desk.clientWidth;
  addEventListener("resize", () => {
    if (Math.abs(desk.clientWidth - width) < 8) return;
    width = desk.clientWidth;
    setZoom(zoom);
  });
}

function thumbs(count) {
  const list = document.getElementById("thumbs");
  const items = Array.from({ length: count }, (_, index) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#page-${index + 1}`;
    link.dataset.thumb = String(index + 1);
    link.textContent = text("page", { n: index + 1 });
    item.append(link);
    return item;
  });
  list.replaceChildren(...items);
}

async function open() {
  paper = await pdfjs.getDocument({ url: desk.dataset.file, isEvalSupported: false, enableXfa: false, useWasm: false }).promise;
  const first = (await paper.getPage(1)).getViewport({ scale: 1 });
  for (let number = 1; number <= paper.numPages; number += 1) {
    const box = document.createElement("section");
    box.className = "ec-pdf__page";
    box.id = `page-${number}`;
    box.dataset.page = String(number);
    box.setAttribute("aria-label", text("page", { n: number }));
    sheets.push({ number, box, page: null, ratio: first.height / first.width, drawn: 0 });
    book.append(box);
  }
  document.getElementById("page-count").textContent = String(paper.numPages);
  field.max = String(paper.numPages);
  thumbs(paper.numPages);
  state.hidden = true;
  setZoom(1);
  initControls();
  initFind(paper, goTo);
  const wanted = /^#page-(\d+)$/.exec(location.hash);
  if (wanted) goTo(Number(wanted[1]));
  where();
}

open().catch((problem) => {
  state.hidden = false;
  state.dataset.failed = "1";
  state.querySelector("[data-words]").textContent = text("open_failed");
  console.error(problem);
});
