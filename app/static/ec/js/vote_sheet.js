// What the confirm sheet and the receipt show: values of the server's answer, put in as text, never as markup.
import { dayOf, setIcon, text, timeOf } from "./text.js";

const LOOKS = { agree: ["yes", "circle-check"], disagree: ["no", "circle-x"], other: ["other", "circle-minus"] };

/** 16 random bytes, base64url: the name of this ballot until it is counted. */
export function nonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Numbers for requests: the same content keeps its number until an answer has come, so that asking again changes nothing. */
export function numbering() {
  let waiting = null; // {said, number}
  return {
    of(content) {
      const said = JSON.stringify(content);
      if (waiting?.said !== said) waiting = { said, number: nonce() };
      return waiting.number;
    },
    answered: () => (waiting = null),
  };
}

/** The text to be signed must say what was pressed; the sheet is then filled from the same answer. */
export function sameAsChosen({ statement }, body) {
  const signed = JSON.parse(statement);
  const remark = signed.remark === undefined || (signed.remark || "") === body.remark.normalize("NFC");
  return signed.choice === body.choice && signed.nonce === body.nonce && remark;
}

function put(sheet, key, value) {
  for (const place of sheet.querySelectorAll(`[data-shown="${key}"]`)) place.textContent = value ?? "";
  for (const row of sheet.querySelectorAll(`[data-row="${key}"]`)) row.hidden = value === undefined || value === null || value === "";
}

function readable(key, value) {
  if (key === "reservation") return value ? text("yes") : "";
  if (key === "certificate_until" && value) return /^\d{4}-/.test(value) ? dayOf(value) : value;
  if (key === "place" && (value === "in_room" || value === "remote")) return text(value === "remote" ? "remote" : "room");
  return value;
}

const SAID = ["question", "choice_label", "document", "remark", "reservation", "member", "place", "files"];
const SIGNED_WITH = ["certificate_name", "certificate_serial", "certificate_until"];

/** What is confirmed: the recap in the colour of the choice, and the rows that have something to say. */
export function fillRecap(part, shown, look) {
  for (const key of SAID) put(part, key, readable(key, shown[key]));
  const recap = part.querySelector("[data-recap]");
  recap.className = look.look ? `ec-recap ec-is-${look.look}` : "ec-recap";
  setIcon(recap.querySelector("svg"), look.icon);
}

/** What signs it: the certificate, the exact text, how long it may be signed; the PIN is typed anew. */
export function fillSigning(sheet, { statement, shown, expires_at: expires }) {
  for (const key of SIGNED_WITH) put(sheet, key, readable(key, shown[key]));
  sheet.querySelector("[data-raw]").textContent = statement;
  sheet.querySelector("[data-expires]").textContent = text("expires", { time: timeOf(expires) });
  sheet.querySelector("#pin").value = "";
}

export function fillSheet(sheet, prepared, look) {
  fillRecap(sheet, prepared.shown, look);
  fillSigning(sheet, prepared);
}

/** Look and sign of a choice; those of a plain answer for none. */
export const lookOf = (choice) => ({ look: LOOKS[choice]?.[0] || "", icon: LOOKS[choice]?.[1] || "check" });

export function fillReceipt(card, receipt) {
  const [look, sign] = LOOKS[receipt.choice];
  const values = {
    at: `${timeOf(receipt.at)}, ${dayOf(receipt.at)}`,
    certificate_name: receipt.certificate_name,
    certificate_serial: receipt.certificate_serial,
    certificate_until: dayOf(receipt.certificate_until),
    key_label: receipt.key_label,
    stamp: receipt.stamp,
    revocation: receipt.revocation,
    passkey_label: receipt.passkey_label,
    remark: receipt.remark,
    place: receipt.place === "remote" ? text("remote") : receipt.place === "in_room" ? text("room") : receipt.place,
    leaf_seq: text("entry", { n: receipt.leaf_seq }),
    leaf_hash: receipt.leaf_hash,
    statement_sha256: receipt.statement_sha256,
  };
  for (const row of card.querySelectorAll('[data-row="passkey"]')) row.hidden = !receipt.passkey_label;
  for (const box of card.querySelectorAll("[data-receipt]")) {
    if (box.dataset.receipt in values) box.textContent = values[box.dataset.receipt];
  }
  for (const said of card.querySelectorAll('[data-receipt="choice"]')) {
    said.className = `ec-said ec-said--${look}`;
    setIcon(said.querySelector("svg"), sign);
    said.querySelector("span").textContent = text(receipt.choice);
  }
  for (const link of card.querySelectorAll("[data-receipt-href]")) link.href = receipt[link.dataset.receiptHref] || "#";
}
