// What our own pages add to server-rendered HTML: times in words, forms that change a page without leaving it, pages
// that look again by themselves, and typed text that outlives a session. Without it everything works by whole page loads.

import { ago } from "./parts.js";

const { htmx } = window;
const PAGE = "#tocsin-page";
const WHOLE = { target: PAGE, select: PAGE, swap: "outerHTML show:none" };
const SENT = "tocsin:sent";
const locale = document.documentElement.lang || navigator.language;
let seen = "";

function place() {
  return document.querySelector(PAGE);
}

function feed() {
  return document.querySelector("tocsin-inbox")?.feed;
}

function words() {
  for (const time of document.querySelectorAll(".tocsin time[datetime]")) {
    time.title ||= new Date(time.dateTime).toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" });
    time.textContent = "exact" in time.dataset ? new Date(time.dateTime).toLocaleTimeString(locale) : ago(time.dateTime, locale);
  }
}

// Whether somebody is in the middle of something that a fresh page would take from them.
function occupied() {
  const at = document.activeElement;
  const typing = at?.closest?.(PAGE) && at.matches("input, select, textarea");
  return document.hidden || typing || place()?.querySelector("input[type=checkbox][name=id]:checked, form[data-changed]");
}

function look() {
  if (!occupied()) htmx.ajax("GET", location.href, { source: PAGE, ...WHOLE }).catch(() => {}); // away: the next look finds it
}

// --- a page in the place of the one that is shown: focus and what is unfolded stay

let unfolded = [];
let held = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const shown = xhr.responseURL && new URL(xhr.responseURL);
  if (target.id === PAGE.slice(1) && shown && shown.pathname !== location.pathname) {
    event.detail.shouldSwap = false; // the sign-in, or another page than the one that is shown
    location.assign(shown);
    return;
  }
  unfolded = [...target.querySelectorAll("details[id][open]")].map((one) => one.id);
  held = target.contains(document.activeElement) ? document.activeElement.closest("[id]") : null;
});

document.addEventListener("htmx:afterSwap", () => {
  words();
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  if (held && !held.isConnected) {
    const again = document.getElementById(held.id) ?? document.getElementById(held.closest("li")?.id ?? "");
    (again ?? place().querySelector("h1"))?.focus({ preventScroll: true });
  }
  held = null;
  for (const form of document.querySelectorAll("form[data-kept]")) keep(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-quiet")) {
    event.preventDefault(); // `form.action` would be the button of that name
    const values = event.submitter?.name ? { [event.submitter.name]: event.submitter.value } : {};
    htmx.ajax("POST", form.getAttribute("action"), { source: form, values, ...WHOLE }).then(told, () => location.reload());
  } else if (event.submitter?.dataset.signsOut && canPush() && Notification.permission === "granted" && !form.dataset.sent) {
    event.preventDefault();
    form.dataset.sent = "yes";
    import("./push.js").then(({ leave }) => leave(event.submitter.dataset.signsOut)).catch(() => {}).finally(() => form.submit()); // signed out in any case
  } else if (form.method === "post" && !form.target) {
    if (form.dataset.sent) event.preventDefault(); // a double click
    form.dataset.sent = "yes";
    if (form.hasAttribute("data-kept")) sessionStorage.setItem(SENT, nameOf(form));
  }
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

function canPush() {
  return isSecureContext && "serviceWorker" in navigator && "PushManager" in self && "Notification" in self;
}

function told() {
  feed()?.tellSiblings();
  feed()?.refresh();
}

// --- what was typed outlives the session that it was typed in

// What was sent and taken (the page says so) need not be kept. After a sign-in on the way nothing is said.
function forget() {
  const sent = sessionStorage.getItem(SENT);
  if (!sent || !document.querySelector(".tocsin-said-info")) return;
  sessionStorage.removeItem(sent);
  sessionStorage.removeItem(SENT);
}

function nameOf(form) {
  return `tocsin:${location.pathname}${location.search}#${form.id}`;
}

function typed(form) {
  const given = [...new FormData(form)].filter(([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string");
  const secret = new Set([...form.querySelectorAll("input[type=password], [data-secret]")].map((one) => one.name));
  return JSON.stringify(given.filter(([name]) => !secret.has(name)));
}

// Offer what was typed here before and never sent, where it is something else than what the page shows now.
function keep(form) {
  if (form.dataset.blank !== undefined) return;
  form.dataset.blank = typed(form);
  const before = sessionStorage.getItem(nameOf(form));
  const offer = form.querySelector("[data-restore]");
  if (!before || before === form.dataset.blank || !offer) return sessionStorage.removeItem(nameOf(form));
  offer.hidden = false;
  offer.querySelector("button").addEventListener("click", () => {
    fill(form, JSON.parse(before));
    offer.hidden = true;
  });
}

function fill(form, given) {
  const values = new Map();
  for (const [name, value] of given) values.set(name, [...(values.get(name) ?? []), value]);
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden" || field.type === "password" || field.name === "csrfmiddlewaretoken") continue;
    const wanted = values.get(field.name) ?? [];
    if (["checkbox", "radio"].includes(field.type)) field.checked = wanted.includes(field.value);
    else if (field.multiple) for (const option of field.options) option.selected = wanted.includes(option.value);
    else if (wanted.length) field.value = wanted.shift();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-kept]");
  if (!form) return;
  form.toggleAttribute("data-changed", typed(form) !== form.dataset.blank);
  sessionStorage.setItem(nameOf(form), typed(form));
});

// --- what happens elsewhere

// Whoever follows a link of an item has read it.
document.addEventListener("click", ({ target }) => {
  const item = target.closest("a")?.closest(".tocsin-item.unread");
  if (item) feed()?.read(item.id.replace("item-", "")).catch(() => {}); // the link is followed in any case
});

document.addEventListener("tocsin-change", ({ detail }) => {
  const now = JSON.stringify(detail);
  if (seen && now !== seen && place()?.hasAttribute("data-follow")) look();
  seen = now;
});

// A button beside what is shown once; it is there where it can copy.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied;
  });
}

// Notifications on this device, where it can show any.
const push = document.querySelector("[data-push]");
if (push && canPush()) import("./push.js").then(({ offer }) => offer(push)).catch((error) => console.warn(error));

function again() {
  const seconds = Number(place()?.dataset.refresh);
  setTimeout(() => { if (Number(place()?.dataset.refresh)) look(); again(); }, (seconds || 2) * 1000);
}

words();
forget();
for (const form of document.querySelectorAll("form[data-kept]")) keep(form);
setInterval(words, 30_000);
again();
