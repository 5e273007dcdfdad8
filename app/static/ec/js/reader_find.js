// Finds words in a paper, with or without Vietnamese marks, and lists the places with a little of the text around them.
import { text } from "./text.js";

const AROUND = 36; // letters shown on each side of a hit
const MOST = 60; // hits listed
const fold = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d").replaceAll("Đ", "D").toLowerCase();

async function textOf(paper, number) {
  const content = await (await paper.getPage(number)).getTextContent();
  const words = content.items.map((item) => (item.str ?? "") + (item.hasEOL ? " " : "")).join("");
  const plain = words.normalize("NFC").replace(/\s+/g, " ");
  return { number, plain, folded: fold(plain) };
}

function hitsIn({ number, plain, folded }, wanted) {
  const hits = [];
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + wanted.length)) {
    hits.push({
      number,
      before: plain.slice(Math.max(0, at - AROUND), at),
      hit: plain.slice(at, at + wanted.length),
      after: plain.slice(at + wanted.length, at + wanted.length + AROUND),
    });
  }
  return hits;
}

function row({ number, before, hit, after }) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `#page-${number}`;
  link.dataset.hit = String(number);
  const words = document.createElement("span");
  const mark = document.createElement("mark");
  mark.textContent = hit;
  words.append(`…${before}`, mark, `${after}…`);
  const page = document.createElement("span");
  page.textContent = text("page", { n: number });
  link.append(words, page);
  item.append(link);
  return item;
}

export function initFind(paper, goTo) {
  const form = document.getElementById("find");
  const list = document.getElementById("find-hits");
  const say = document.getElementById("find-say");
  let pages = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = fold(form.elements.q.value.trim().replace(/\s+/g, " "));
    if (!wanted) return;
    say.textContent = text("finding");
    pages ??= Promise.all(Array.from({ length: paper.numPages }, (_, index) => textOf(paper, index + 1)));
    const hits = (await pages).flatMap((page) => hitsIn(page, wanted));
    say.textContent = hits.length ? text("found", { n: hits.length }) : text("not_found");
    list.replaceChildren(...hits.slice(0, MOST).map(row));
    if (hits.length) goTo(hits[0].number);
  });
  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-hit]");
    if (!link) return;
    event.preventDefault();
    goTo(Number(link.dataset.hit));
  });
}
