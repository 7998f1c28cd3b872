// The service worker: shows what is pushed to this browser. `GIVEN` is written before it by the server.

const VERSION = 1;
const RANKS = ["info", "warning", "error", "critical"];
const LINK = "link-";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(show(read(event.data))));
self.addEventListener("notificationclick", (event) => event.waitUntil(open(event)));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

// What was pushed, or null where it is none of ours: a browser wants to see something for every push.
function read(data) {
  try {
    const said = data.json();
    return said?.v === VERSION && typeof said.title === "string" && said.title ? said : null;
  } catch {
    return null;
  }
}

async function show(said) {
  await (said ? tell(said) : self.registration.showNotification(words().news, {
    body: words().look, tag: "tocsin", icon: GIVEN.icon, badge: GIVEN.icon, data: {},
  }));
  for (const page of await pages()) page.postMessage({ tocsin: "shown" });
}

async function tell(said) {
  const tag = String(said.tag || said.event || "tocsin");
  const [before] = await self.registration.getNotifications({ tag });
  const links = (Array.isArray(said.links) ? said.links : []).slice(0, 2).filter((link) => safe(link?.url));
  const settled = ["acknowledge", "resolve"].includes(said.action);
  await self.registration.showNotification(said.title, {
    tag,
    body: String(said.body ?? ""),
    lang: String(said.lang ?? ""),
    timestamp: Date.parse(said.at) || Date.now(),
    icon: GIVEN.icon,
    badge: GIVEN.icon,
    renotify: isNews(said, before?.data),
    requireInteraction: said.level === "critical" && !settled,
    actions: links.map((link, index) => ({ action: `${LINK}${index}`, title: String(link.title) })),
    data: { event: said.event, url: safe(said.url), links: links.map((link) => safe(link.url)), level: said.level, action: said.action, more: said.more || 0, read: said.read },
  });
}

// Whether the device should sound again for what has the tag of one that it shows: not for the same push once more, nor
// for what only says how it goes on.
function isNews({ event, action, level }, before) {
  if (!before || before.event === event) return false;
  return action === "open" || (action === "update" && RANKS.indexOf(level) > RANKS.indexOf(before.level));
}

// An address that may be opened, or "".
function safe(url) {
  try {
    const { protocol, href } = new URL(url);
    return ["http:", "https:"].includes(protocol) ? href : "";
  } catch {
    return "";
  }
}

function words() {
  return GIVEN.words[self.navigator.language.slice(0, 2)] ?? GIVEN.words.en;
}

function pages() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

// The page of what was clicked, in the window that shows it already or in another. Whoever clicks has read it.
async function open({ notification, action }) {
  notification.close();
  const { url, links, read } = notification.data ?? {};
  const told = typeof read === "string" && read ? tellRead(read).catch(() => {}) : null; // away: it stays unread
  const wanted = safe(action ? links[Number(action.slice(LINK.length))] : url) || new URL(GIVEN.inbox, self.location.href).href;
  const there = (await pages()).find((page) => page.url === wanted);
  await (there ? there.focus() : self.clients.openWindow(wanted));
  await told;
}

// By the proof that was pushed with it, signed in or not; then the bells of open pages look again.
async function tellRead(read) {
  const answer = await fetch(GIVEN.clicked, { method: "POST", body: new URLSearchParams({ read }), redirect: "manual" });
  if (!answer.ok) return;
  const bells = new BroadcastChannel(`tocsin:${GIVEN.api}`);
  bells.postMessage("changed");
  bells.close();
}

// The browser has ended its subscription: a new one in its place, if the person who is signed in had it. Some browsers
// do not say which; the server knows by a cookie. Where it cannot be told now, the inbox page does it.
async function renew({ oldSubscription, newSubscription }) {
  const { key, csrf } = await (await fetch(GIVEN.push, { redirect: "manual", cache: "no-store" })).json();
  const usable = newSubscription && keyOf(newSubscription) === key;
  if (newSubscription && !usable) await newSubscription.unsubscribe();
  const made = usable ? newSubscription : await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = made.toJSON();
  const body = new URLSearchParams({ action: "renew", endpoint, ...keys, key, old: oldSubscription?.endpoint ?? "" });
  const answer = await fetch(GIVEN.push, { method: "POST", headers: { "X-CSRFToken": csrf }, body, redirect: "manual" });
  if (answer.ok && (await answer.json()).state === "unknown") await made.unsubscribe();
}

function keyOf(subscription) {
  const bytes = new Uint8Array(subscription.options.applicationServerKey ?? []);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
