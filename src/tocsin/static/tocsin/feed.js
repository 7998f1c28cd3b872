// What the open pages of one reader know of the inbox: one feed for each API, whatever elements use it.
// Server-sent events where the server has them, else a poll with ETag; nothing at all in a background tab.

import { Stream } from "./stream.js";

const HIDDEN_GRACE = 5_000; // a tab that is left for a moment keeps its stream
const POLL = 15_000;
const MOST = 300_000;
const MISSES = 4; // times that a stream which was there before is tried again, within half a minute, before polling
const RENEWAL = 5_000; // a page that gives tokens which are no good is not asked in a circle
const SAME_CLOCK = 5_000;

const feeds = new Map();

export class Feed extends EventTarget {
  static of(api, csrf, token) {
    if (!feeds.has(api)) feeds.set(api, new Feed(api));
    const feed = feeds.get(api);
    if (csrf) feed.csrf = csrf;
    if (token) feed.token = token;
    return feed;
  }

  constructor(api) {
    super();
    this.api = api;
    this.base = new URL(api, location.href).href; // what the addresses in items are relative to
    this.csrf = "";
    this.token = "";
    this.excused = false; // the page said that it sees to a token that has expired
    this.renewed = -RENEWAL;
    this.state = null; // {unread, text, channels, latest, tag}
    this.shown = new Set(); // items whose being seen was told
    this.skew = 0; // milliseconds that the server's clock is ahead of ours
    this.over = false; // the reader signed out
    this.asked = this.answered = 0; // how many counts were asked for, and which of them was answered last
    this.users = 0;
    this.failures = 0;
    this.misses = MISSES; // a server that never had a stream is asked for the count at once
    this.streamWait = 30_000;
    this.onVisible = () => this.#seen();
    this.addEventListener("change", () => this.#tidy());
    this.siblings = "BroadcastChannel" in self ? new BroadcastChannel(`tocsin:${api}`) : null;
    this.siblings?.addEventListener("message", () => this.users && !document.hidden && this.refresh());
  }

  enter() {
    if (this.users++) return;
    document.addEventListener("visibilitychange", this.onVisible);
    if (!document.hidden) this.#listen();
  }

  leave() {
    if (--this.users) return;
    document.removeEventListener("visibilitychange", this.onVisible);
    this.#stop();
  }

  // Another token, which the page gives unasked.
  use(token) {
    if (!token || token === this.token) return;
    this.token = token;
    this.excused = false;
    this.failures = 0;
    if (!this.users || document.hidden) return;
    this.refresh();
    this.#listen();
  }

  // What time it is, by the server's clock.
  now() { return Date.now() + this.skew; }

  async list(channel, unread = false, limit = 20) {
    const query = new URLSearchParams({ channel, limit: String(limit), ...(unread ? { unread: "true" } : {}) });
    const answer = await this.#fetch(`inbox?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`inbox: ${answer.status}`);
    return (await answer.json()).items.map((item) => ({ ...item, base: this.base }));
  }

  read(id) { return this.#change(`inbox/${encodeURIComponent(id)}/read`); }
  dismiss(id) { return this.#change(`inbox/${encodeURIComponent(id)}/dismiss`); }
  snooze(id, until) { return this.#change(`inbox/${encodeURIComponent(id)}/snooze`, { until: until.toISOString() }); }
  readAll() { return this.#change("inbox/read-all"); }

  // These are on the screen. If that cannot be told, they will be seen another time.
  see(items) {
    const ids = items.filter((item) => !item.seen_at && !this.shown.has(item.id)).map((item) => item.id);
    if (!ids.length) return;
    ids.forEach((id) => this.shown.add(id));
    this.#post("inbox/seen", { ids }).catch(() => {});
  }

  // Tell the other tabs of this browser to look again.
  tellSiblings() { this.siblings?.postMessage("changed"); }

  // Answers can come out of turn: an older one than the last that came says nothing any more.
  async refresh() {
    const turn = ++this.asked;
    let answer;
    try {
      const headers = this.state?.tag ? { "If-None-Match": `"${this.state.tag}"` } : {};
      answer = await this.#fetch("inbox/count", { headers, cache: "no-store" });
    } catch {
      return this.#failed();
    }
    if (this.over || turn < this.answered) return false;
    this.answered = turn;
    if (this.#isOver(answer)) return this.#signedOut();
    if (answer.status !== 304 && !answer.ok) return this.#failed();
    this.failures = 0;
    this.#compareClocks(answer);
    if (answer.ok) this.#take(await answer.json(), (answer.headers.get("ETag") ?? "").replace(/^W\/|"/g, ""));
    return true;
  }

  async #change(path, body) {
    const answer = await this.#post(path, body);
    if (answer.status === 401 && !this.token) return this.#signedOut();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    this.tellSiblings();
    return this.refresh();
  }

  // keepalive: it is sent even if the reader has followed a link away from this page
  #post(path, body) {
    const headers = { ...(this.token ? {} : { "X-CSRFToken": this.csrf }), ...(body ? { "Content-Type": "application/json" } : {}) };
    return this.#fetch(path, { method: "POST", keepalive: true, headers, body: body && JSON.stringify(body) });
  }

  // One request. Where the token has expired the page is asked for another, and the request made once more.
  async #fetch(path, given, again = true) {
    const { token } = this;
    const headers = { ...given.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(this.api + path, { ...given, headers, credentials: token ? "omit" : "same-origin" });
    if (answer.status !== 401 || !token || !again) return answer;
    return token !== this.token || (await this.#renewal()) ? this.#fetch(path, given, false) : answer;
  }

  #renewal() {
    this.renewing ??= this.#renew().finally(() => { this.renewing = null; });
    return this.renewing;
  }

  async #renew() {
    if (performance.now() - this.renewed < RENEWAL) return false;
    this.renewed = performance.now();
    const before = this.token;
    let given;
    const event = new CustomEvent("token", { cancelable: true, detail: { use: (token) => { given ??= token; } } });
    this.excused = !this.dispatchEvent(event);
    try {
      this.token = (await given) || this.token;
    } catch {
      // the page has none: as if it had not answered
    }
    if (this.token !== before) this.excused = false;
    return this.token !== before;
  }

  #isOver(answer) {
    return !this.token && [401, 403, 404].includes(answer.status);
  }

  #compareClocks(answer) {
    const ahead = Date.parse(answer.headers.get("Date") ?? "") - Date.now();
    this.skew = Math.abs(ahead) > SAME_CLOCK ? ahead : 0;
  }

  #take({ unread, text, channels, latest }, tag) {
    if (this.over || (tag && tag === this.state?.tag)) return;
    this.state = { unread, text, channels, latest, tag };
    this.dispatchEvent(new Event("change"));
  }

  // What was read needs no notification of the browser any more; its script is loaded where there may be some.
  #tidy() {
    if (this.token || !this.api.startsWith("/") || !navigator.serviceWorker || self.Notification?.permission !== "granted") return;
    const prefix = this.api.replace(/api\/v1\/$/, "");
    import("./shown.js").then(({ close }) => close(prefix, () => this.state.unread)).catch(() => {}); // the next change loads it again
  }

  #listen() {
    clearTimeout(this.retry);
    if (this.source || this.over) return;
    const headers = { Accept: "text/event-stream", ...(this.state?.tag ? { "Last-Event-ID": this.state.tag } : {}) };
    const source = (this.source = new Stream((signal) => this.#fetch("inbox/stream", { signal, headers, cache: "no-store" })));
    let opened = false;
    source.addEventListener("open", () => {
      opened = true;
      this.failures = this.misses = 0;
      this.streamWait = 30_000;
      this.#stopPolling();
    });
    source.addEventListener("inbox", (event) => {
      this.answered = ++this.asked; // a count that was asked for before says nothing any more
      this.#take(JSON.parse(event.data), event.lastEventId);
    });
    source.addEventListener("crowded", () => this.#toPolling(MOST));
    source.addEventListener("error", () => {
      // Not at once, and not all tabs in one moment.
      if (!opened && this.misses >= MISSES) return this.#toPolling((this.streamWait = Math.min(this.streamWait * 2, MOST)));
      this.#close();
      this.retry = setTimeout(() => this.#listen(), jittered(1_000 * 2 ** this.misses++));
    });
  }

  #toPolling(untilStream) {
    this.#close();
    if (!this.polling) this.#poll();
    this.retry = setTimeout(() => this.#listen(), jittered(untilStream));
  }

  async #poll() {
    this.polling = setTimeout(() => {}, 0);
    await this.refresh();
    if (this.polling && !this.over) this.polling = setTimeout(() => this.#poll(), this.#wait(POLL));
  }

  #stopPolling() {
    clearTimeout(this.polling);
    this.polling = null;
  }

  #close() {
    this.source?.close();
    this.source = null;
  }

  #stop() {
    this.#close();
    this.#stopPolling();
    clearTimeout(this.retry);
  }

  #seen() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => this.#stop(), HIDDEN_GRACE);
    } else if (!this.source && !this.polling) {
      this.refresh();
      this.#listen();
    }
  }

  #failed() {
    this.failures += 1;
    this.dispatchEvent(new Event("unreachable"));
    return false;
  }

  #signedOut() {
    this.over = true;
    this.#stop();
    this.dispatchEvent(new Event("over"));
    return false;
  }

  // Longer with each failure.
  #wait(base) {
    return jittered(Math.min(base * 2 ** this.failures, MOST));
  }
}

// A restarted server is not met by all tabs in one moment.
function jittered(milliseconds) {
  return milliseconds * (0.75 + Math.random() / 2);
}
