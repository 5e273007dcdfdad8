// Bars of work that goes on (templates/ec/progress.html): how far they are, for eyes and for screen readers.
const number = new Intl.NumberFormat(document.documentElement.lang || "vi");

/** Moves a bar; it never goes back while the same work goes on. */
export function move(bar, done, total) {
  const told = `${number.format(done)}/${number.format(total)}`;
  bar.setAttribute("aria-valuemax", String(total));
  bar.setAttribute("aria-valuenow", String(done));
  bar.setAttribute("aria-valuetext", told);
  bar.querySelector("rect").setAttribute("width", `${total ? (100 * done) / total : 0}%`);
  bar.querySelector("[data-told]").textContent = told;
}
