// Lets the clocks of a page run on from the seconds that the server has counted; what the device's own clock says does not matter.
const begun = new WeakMap();

const two = (number) => String(number).padStart(2, "0");

function shown(seconds) {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${two(minutes)}:${two(rest)}`;
}

function tick() {
  for (const place of document.querySelectorAll("[data-stopwatch]")) {
    if (!begun.has(place)) begun.set(place, Date.now() - 1000 * Number(place.dataset.stopwatch));
    const seconds = Math.max(0, Math.floor((Date.now() - begun.get(place)) / 1000));
    const words = "plain" in place.dataset ? String(seconds) : shown(seconds);
    if (place.textContent !== words) place.textContent = words;
  }
}

export function startClocks() {
  document.addEventListener("ec:drawn", tick);
  setInterval(tick, 250);
  tick();
}
