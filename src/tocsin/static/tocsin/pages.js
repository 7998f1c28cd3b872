// What our own pages add to server-rendered HTML: times in words, forms that change a page without leaving it,
// and pages that look again by themselves. Without it everything works, by whole page loads.

import { ago } from "./parts.js";

const locale = document.documentElement.lang || navigator.language;
let busy = false;
let seen = "";

function place() {
  return document.getElementById("tocsin-page");
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

// Put the page that the server sent in the place of the one that is shown; keep focus and what is unfolded.
async function swap(answer) {
  if (!answer.ok || new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("tocsin-page");
  const old = place();
  if (!parsed) return location.reload();
  const fresh = document.importNode(parsed, true);
  const held = document.activeElement?.closest("[id]");
  const unfolded = [...old.querySelectorAll("details[id][open]")].map((one) => one.id);
  const typed = old.querySelector("#who")?.value;
  old.replaceWith(fresh);
  words();
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  if (typed !== undefined) fresh.querySelector("#who").value = typed;
  if (held && old.contains(held)) {
    const again = document.getElementById(held.id) ?? document.getElementById(held.closest("li")?.id ?? "");
    (again ?? fresh.querySelector("h1"))?.focus({ preventScroll: true });
  }
}

async function look() {
  if (busy || document.hidden) return;
  busy = true;
  try {
    await swap(await fetch(location.href, { headers: { Accept: "text/html" } }));
  } catch {
    // the server is away: the next look finds it again
  } finally {
    busy = false;
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-quiet]");
  if (!form) return;
  event.preventDefault(); // `form.action` would be the button of that name
  const data = new URLSearchParams(new FormData(form, event.submitter));
  try {
    await swap(await fetch(form.getAttribute("action"), { method: "POST", body: data }));
  } catch {
    return location.reload();
  }
  feed()?.tellSiblings();
  feed()?.refresh();
});

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

function again() {
  const seconds = Number(place()?.dataset.refresh);
  setTimeout(() => { if (Number(place()?.dataset.refresh)) look(); again(); }, (seconds || 2) * 1000);
}

words();
setInterval(words, 30_000);
again();
