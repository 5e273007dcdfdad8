// Translated sentences for scripts: the server writes them into the page, no script carries a language of its own.
const sentences = {};
for (const block of document.querySelectorAll("script[data-ec-text]")) Object.assign(sentences, JSON.parse(block.textContent));

const locale = document.documentElement.lang || "vi";
const zone = { timeZone: "Asia/Ho_Chi_Minh", hour12: false };
const clock = new Intl.DateTimeFormat("vi-VN", { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat("vi-VN", { ...zone, hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("vi-VN", { ...zone, day: "2-digit", month: "2-digit", year: "numeric" });

export function text(key, values = {}) {
  const sentence = sentences[key];
  if (sentence === undefined) throw new Error(`no sentence for ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const timeOf = (iso) => clock.format(new Date(iso));
export const minuteOf = (iso) => minute.format(new Date(iso));
export const dayOf = (iso) => day.format(new Date(iso));
export const percentOf = (part, whole) =>
  new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(whole ? part / whole : 0);

const sprite = new URL("../../vendor/lucide/icons.svg", import.meta.url).pathname;
const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "ec-icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

export function setIcon(svg, name) {
  svg.querySelector("use").setAttribute("href", `${sprite}#${name}`);
}
