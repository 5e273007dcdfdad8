// The number by which this browser is told from others of its kind; it says nothing else and never leaves this installation.
const KEY = "ec-device";

export function device() {
  try {
    let own = localStorage.getItem(KEY);
    if (!/^[0-9a-f]{8}$/.test(own || "")) {
      own = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      localStorage.setItem(KEY, own);
    }
    return own;
  } catch {
    return "00000000"; // a browser that keeps nothing
  }
}
