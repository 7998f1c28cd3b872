// "Notifications on this device": subscribes the browser and tells the server, renews what was lost, and ends what was
// another person's. Loaded where a page offers it, and by the button that signs out.

import { ours } from "./shown.js";

const PATIENCE = 3_000; // a sign-out does not wait longer for the push service

// --- what this browser remembers: who switched them on here, and the endpoint

function named(prefix) {
  return `tocsin:push:${prefix}`;
}

function kept(prefix) {
  try {
    return JSON.parse(localStorage.getItem(named(prefix))) ?? {};
  } catch {
    return {};
  }
}

function keep(prefix, me, endpoint) {
  try {
    if (me) localStorage.setItem(named(prefix), JSON.stringify({ me, endpoint }));
    else localStorage.removeItem(named(prefix));
  } catch {
    // a browser that keeps nothing renews nothing
  }
}

// --- the server and the browser

async function answered(promise) {
  const answer = await promise;
  if (!answer.ok) throw new Error(`push: ${answer.status}`);
  return answer.json();
}

class AnotherReader extends Error {}

// Today's key, and what a form needs. A page that was left open must not speak for whoever has signed in since.
async function today(prefix, me) {
  const found = await answered(fetch(`${prefix}push/`, { redirect: "manual", cache: "no-store" }));
  if (me && found.me !== me) throw new AnotherReader("push: somebody else is signed in");
  return found;
}

function tell(prefix, csrf, fields) {
  const body = new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
  const given = { method: "POST", headers: { "X-CSRFToken": csrf }, redirect: "manual", body };
  return answered(fetch(`${prefix}push/`, given));
}

function keyOf(subscription) {
  const bytes = new Uint8Array(subscription.options.applicationServerKey ?? []);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function running(prefix) {
  const registration = await navigator.serviceWorker.register(`${prefix}worker.js`, { scope: prefix, updateViaCache: "none" });
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (worker.state !== "activated") {
    await new Promise((done, lost) => worker.addEventListener("statechange", () => {
      if (worker.state === "activated") done();
      if (worker.state === "redundant") lost(new Error("push: the worker was not installed"));
    }));
  }
  return registration;
}

// This browser is subscribed under today's key, and the server knows it as `me`'s. What the server says of it.
async function subscribe(prefix, me, action, fresh = false) {
  const { key, csrf } = await today(prefix, me);
  const { pushManager } = await running(prefix);
  const before = await pushManager.getSubscription();
  const usable = before && !fresh && keyOf(before) === key;
  if (before && !usable) await before.unsubscribe();
  const subscription = usable ? before : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  const old = [before?.endpoint, kept(prefix).endpoint].filter(Boolean);
  const { state } = await tell(prefix, csrf, { action, endpoint, ...keys, key, old });
  keep(prefix, me, endpoint);
  return state;
}

// The same without being asked to: what was taken away or disabled elsewhere stays so.
async function renew(prefix, me, fresh = false) {
  const state = await subscribe(prefix, me, "renew", fresh);
  return state === "unknown" ? switchOff(prefix) : state;
}

// Nothing more is pushed to this browser, and nothing is left of what was. It is enough that the push service or the
// server can be told so: the other learns it with the next push, or with the next visit.
async function end(prefix, action) {
  const registration = await ours(prefix);
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return;
  const { endpoint } = subscription;
  const told = today(prefix).then(({ csrf }) => tell(prefix, csrf, { action, endpoint }));
  const [ended, said] = await Promise.allSettled([subscription.unsubscribe(), told, clear(registration)]);
  if (ended.status === "rejected" && said.status === "rejected") throw said.reason;
}

async function clear(registration) {
  for (const one of await registration.getNotifications()) one.close();
}

// What holds on this device for `me`, after what is not as it should be was mended.
async function look(prefix, me) {
  if (Notification.permission === "denied") return "blocked";
  const subscription = await (await ours(prefix))?.pushManager.getSubscription();
  const before = kept(prefix);
  const had = before.me === me;
  if (!subscription) return had && Notification.permission === "granted" ? renew(prefix, me) : "off";
  const { key, csrf } = await today(prefix, me);
  const { endpoint } = subscription;
  const { state } = await tell(prefix, csrf, { action: "look", endpoint });
  if (state === "unknown" && had && before.endpoint !== endpoint) return renew(prefix, me); // the worker could not tell
  if (state === "other" || state === "unknown") return switchOff(prefix); // another's, or taken away elsewhere
  if (state === "disabled") return state;
  if (["gone", "rested"].includes(state) || keyOf(subscription) !== key) return renew(prefix, me, state === "gone");
  keep(prefix, me, endpoint);
  return state;
}

async function switchOn(prefix, me, asked) {
  const said = await asked;
  if (said !== "granted") return said === "denied" ? "blocked" : "off";
  return subscribe(prefix, me, "on");
}

async function switchOff(prefix) {
  keep(prefix, "");
  await end(prefix, "off");
  return "off";
}

// The reader signs out: this device is silent until they come back to its inbox.
export function leave(prefix) {
  return Promise.race([end(prefix, "rest"), new Promise((done) => setTimeout(done, PATIENCE))]);
}

// --- the line on the page

class Line {
  constructor(place) {
    this.place = place;
    this.prefix = place.dataset.push;
    this.me = place.dataset.me;
    this.button = place.querySelector("button");
    this.button.addEventListener("click", () => this.#clicked());
    addEventListener("storage", ({ key }) => key === named(this.prefix) && this.look());
    navigator.permissions?.query({ name: "notifications" })
      .then((permission) => permission.addEventListener("change", () => this.look()))
      .catch(() => {}); // a browser that cannot say so is asked with the next page
  }

  look() { return this.#settle(() => look(this.prefix, this.me)); }

  #clicked() {
    if (this.busy) return;
    if (this.#isOn()) return this.#settle(() => switchOff(this.prefix));
    const asked = Notification.requestPermission(); // at once: browsers want to see the click
    this.#settle(() => switchOn(this.prefix, this.me, asked));
  }

  #isOn() { return ["on", "confirm"].includes(this.state); }

  // One after the other, in all tabs: two that renew at once would each undo what the other did.
  async #settle(act) {
    this.busy = true;
    try {
      this.#show(await navigator.locks.request(named(this.prefix), act));
    } catch (error) {
      if (error instanceof AnotherReader) {
        this.place.hidden = true;
        return;
      }
      console.warn(error);
      this.#show(Notification.permission === "denied" ? "blocked" : "failed");
    } finally {
      this.busy = false;
    }
  }

  #show(state) {
    this.state = this.place.dataset.state = state;
    for (const part of this.place.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(state);
    this.button.textContent = this.#isOn() ? this.button.dataset.off : this.button.dataset.on;
    this.button.hidden = state === "blocked";
    this.place.hidden = false;
  }
}

export function offer(place) {
  return new Line(place).look();
}
