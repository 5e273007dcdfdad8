// Shows what a push message says, and opens the page it points to. Keeps nothing: pages and papers never come from here.

const ICON = "/static/ec/img/mark-192.png";
const BADGE = "/static/ec/img/badge-96.png";

function said(event) {
  try {
    return event.data?.json() || {};
  } catch {
    return {}; // not from us; a browser wants every message shown all the same
  }
}

const short = (words, most) => String(words || "").slice(0, most);

/** An address of this installation, whatever the message says. */
function address(wanted) {
  const found = new URL(String(wanted || "/notices/"), self.location.origin);
  return found.origin === self.location.origin ? found.href : `${self.location.origin}/notices/`;
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const message = said(event);
  event.waitUntil(
    self.registration.showNotification(short(message.title, 80) || "e-Cabinet", {
      body: short(message.body, 200),
      tag: short(message.tag, 64) || "notices",
      renotify: true,
      requireInteraction: message.urgent === true,
      lang: short(message.lang, 8) || "vi",
      icon: ICON,
      badge: BADGE,
      data: { url: address(message.url) },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url || address()));
});

/** The window that shows the page already, else a new one: what somebody has open elsewhere stays as it is. */
async function open(url) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((one) => one.url.split("#")[0] === url.split("#")[0]);
  return there ? there.focus() : self.clients.openWindow(url);
}
