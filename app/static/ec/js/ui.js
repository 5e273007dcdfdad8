// Small behaviours shared by all pages: dialogs, tabs, popovers, drawers, shown passwords, busy buttons.
import { initIdle } from "./idle.js";
import { initBadge } from "./notices_badge.js";
import { initSlipsBadge } from "./slips_badge.js";
import { initTheme } from "./theme.js";

export function openSheet(dialog) {
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[autofocus]")?.focus();
}

function initDialogs() {
  for (const dialog of document.querySelectorAll("dialog[data-open]")) openSheet(dialog);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) openSheet(document.getElementById(opener.dataset.dialog));
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog")?.close();
  });
}

const tabsOf = (list) => [...list.querySelectorAll('[role="tab"]')];

function selectTab(tab) {
  for (const other of tabsOf(tab.closest('[role="tablist"]'))) {
    const on = other === tab;
    other.setAttribute("aria-selected", String(on));
    other.tabIndex = on ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls"));
    if (panel) panel.hidden = !on;
  }
}

function initTabs() {
  document.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (!tab) return;
    selectTab(tab);
    history.replaceState(null, "", `#${tab.id}`);
  });
  document.addEventListener("keydown", (event) => {
    const list = event.target.closest?.('[role="tablist"]');
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!list || !step) return;
    const tabs = tabsOf(list);
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    selectTab(next);
    next.focus();
    event.preventDefault();
  });
  const wanted = document.getElementById(location.hash.slice(1) || "-");
  if (wanted?.getAttribute("role") === "tab") selectTab(wanted);
}

function setPopover(opener, open) {
  document.getElementById(opener.dataset.popover).hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
}

function initPopovers() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-popover]");
    for (const opener of document.querySelectorAll("[data-popover]")) {
      const panel = document.getElementById(opener.dataset.popover);
      if (!panel || panel.contains(event.target)) continue;
      setPopover(opener, opener === button && panel.hidden);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const opener of document.querySelectorAll('[data-popover][aria-expanded="true"]')) {
      setPopover(opener, false);
      opener.focus();
    }
  });
}

// Drawers of the reader on small screens.
function initDrawers() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-drawer]");
    for (const opener of document.querySelectorAll("[data-drawer]")) {
      const panel = document.getElementById(opener.dataset.drawer);
      if (!panel || (panel.contains(event.target) && !event.target.closest("a, [data-close-drawer]"))) continue;
      const open = opener === button && !panel.hasAttribute("data-open");
      panel.toggleAttribute("data-open", open);
      opener.setAttribute("aria-expanded", String(open));
    }
  });
}

function reveal(eye) {
  const input = document.getElementById(eye.dataset.reveal);
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  eye.setAttribute("aria-pressed", String(!shown));
}

function takeAccount(button) {
  document.getElementById("username").value = button.dataset.account;
  document.getElementById("password").value = document.getElementById("demo-password").textContent;
  document.getElementById("login-submit").focus();
}

function initFields() {
  document.addEventListener("click", (event) => {
    const eye = event.target.closest("[data-reveal]");
    if (eye) reveal(eye);
    const account = event.target.closest("[data-account]");
    if (account) takeAccount(account);
    event.target.closest("[data-dismiss]")?.closest(".ec-banner")?.remove();
  });
  // One press, one act: the button says it is busy until the next page comes.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button || event.target.method !== "post") return;
    setTimeout(() => button.setAttribute("aria-disabled", "true"));
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll('button[aria-disabled="true"]')) button.removeAttribute("aria-disabled");
    }
  });
}

/** What answers a form may stand at an address that only takes forms: loaded or drawn anew, its page comes. */
function initAddress() {
  const here = document.getElementById("main")?.dataset.here;
  if (here) history.replaceState(history.state, "", here);
}

initAddress();
initTheme();
initDialogs();
initTabs();
initPopovers();
initDrawers();
initFields();
initIdle();
initBadge();
initSlipsBadge();
