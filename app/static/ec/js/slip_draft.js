// The draft of an answer: saved on the server while one types, kept on the device while there is no line, never overwritten silently.
import { post, Refused, Unanswered } from "./net.js";
import { patience } from "./patience.js";
import { fillForm, readForm, showOffers, touched } from "./slip_form.js";
import { minuteOf, text } from "./text.js";

const PAUSE = 800; // ms without a key before the draft is saved

export class Draft {
  constructor(card, form) {
    this.card = card;
    this.form = form;
    this.version = Number(card.dataset.version);
    this.key = `ec-slip-${card.dataset.slip}-${card.dataset.person}`;
    this.line = form.querySelector("[data-draft-line]");
    this.meant = new Set(); // fields whose text looks like an old encoding and is meant
    this.retry = patience();
    this.timer = null;
    this.saving = null;
    this.held = false; // while an answer is being signed: its draft is about to serve its time
    this.last = ""; // what the server has, as text
    this.over = false; // counted or refused for good: nothing is saved any more
    this.conflict = null;
  }

  start() {
    this.form.addEventListener("input", () => this.changed());
    this.form.addEventListener("change", () => this.changed());
    this.form.querySelector("[data-take-other]").addEventListener("click", () => this.takeOther());
    this.form.querySelector("[data-keep-mine]").addEventListener("click", () => this.keepMine());
    addEventListener("online", () => this.again());
    document.addEventListener("ec:unlocked", () => this.again());
    const early = touched(this.form);
    this.last = early ? "" : JSON.stringify(readForm(this.form));
    if (!this.restore() && early) this.changed();
  }

  changed() {
    if (this.over || JSON.stringify(readForm(this.form)) === this.last) return;
    this.keep();
    clearTimeout(this.timer);
    if (!this.held) this.timer = setTimeout(() => this.save(), PAUSE);
  }

  get fields() {
    return [...this.meant];
  }

  /** Ends when what stands in the form is saved, or cannot be now. */
  async save() {
    clearTimeout(this.timer);
    const waited = this.saving;
    while (this.saving) await this.saving;
    if (this.over || this.conflict || this.held) return;
    if (waited && JSON.stringify(readForm(this.form)) === this.last) return; // it went with what was under way
    this.saving = this.send();
    await this.saving;
    this.saving = null;
  }

  async send() {
    const content = readForm(this.form);
    this.say(text("slip_saving"));
    try {
      const saved = await post(this.card.dataset.draft, { ...content, version: this.version, as_typed: this.fields });
      this.saved(saved, content);
    } catch (problem) {
      if (problem instanceof Unanswered) this.lost();
      else if (problem instanceof Refused) this.refused(problem, content);
      else throw problem;
    }
  }

  saved({ version, saved_at: at, offers = [] }, content) {
    this.retry.reset();
    this.version = version;
    this.form.elements.version.value = version;
    this.last = JSON.stringify(content);
    if (JSON.stringify(readForm(this.form)) === this.last) this.forget();
    this.say(text("slip_saved", { time: minuteOf(at) }));
    this.offer(offers);
  }

  offer(offers) {
    const taken = () => this.changed();
    const meant = (field) => {
      this.meant.add(field);
      this.changed();
    };
    showOffers(this.form, offers, { taken, meant });
  }

  lost() {
    this.keep();
    this.say(text("slip_kept"));
    this.retry.wait(() => undefined, () => this.again());
  }

  again() {
    if (!this.kept()) return;
    this.retry.stop();
    this.save();
  }

  refused(problem, content) {
    this.retry.reset();
    if (problem.code !== "draft_conflict") {
      this.say(text("slip_unsaved", { why: problem.message }));
      return;
    }
    const { content: theirs, version, device } = problem.details;
    if (theirs && JSON.stringify(theirs) === JSON.stringify(content)) {
      this.saved({ version, saved_at: new Date().toISOString() }, content); // it had arrived; the answer was lost
      return;
    }
    this.conflict = { version };
    const box = this.form.querySelector("[data-conflict]");
    box.querySelector("[data-conflict-words]").textContent = text("slip_other_draft", { device: device || text("slip_other_device") });
    box.querySelector("[data-conflict-text]").textContent = (theirs?.answers || []).map((part) => part.text).filter(Boolean).join("\n\n");
    box.hidden = false;
    box.scrollIntoView({ block: "center" });
    this.say(text("slip_unsaved", { why: problem.message }));
  }

  takeOther() {
    this.forget();
    this.over = true;
    location.reload();
  }

  keepMine() {
    this.version = this.conflict.version;
    this.conflict = null;
    this.form.querySelector("[data-conflict]").hidden = true;
    this.save();
  }

  /** Nothing is saved while it is signed; ends when what was on its way has arrived. */
  async hold() {
    clearTimeout(this.timer);
    this.held = true;
    if (this.saving) await this.saving;
  }

  release() {
    this.held = false;
    if (this.kept()) this.changed();
  }

  /** The answer was counted: its draft is gone on the server, and must be gone here. */
  done() {
    clearTimeout(this.timer);
    this.retry.stop();
    this.forget();
    this.version = 0;
    this.last = JSON.stringify(readForm(this.form));
    this.form.elements.version.value = 0;
    this.say("");
  }

  say(sentence) {
    this.line.textContent = sentence;
  }

  keep() {
    try {
      localStorage.setItem(this.key, JSON.stringify({ content: readForm(this.form), version: this.version }));
    } catch {
      // a browser that keeps nothing: the server has the last version
    }
  }

  kept() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // nothing was kept
    }
  }

  /** What was typed without a line, on this device, before this page was opened; whether there was anything. */
  restore() {
    const kept = this.kept();
    if (!kept) return false;
    fillForm(this.form, kept.content);
    this.version = kept.version; // over which it was typed: another device may have saved since, and is told
    this.save();
    return true;
  }
}
