// What the open pages of one reader know of the inbox: one feed for each API, whatever elements use it.
// Server-sent events where the server has them, else a poll with ETag; nothing at all in a background tab.

const HIDDEN_GRACE = 5_000; // a tab that is left for a moment keeps its stream
const POLL = 15_000;
const MOST = 300_000;
const MISSES = 4; // times that a stream which was there before is tried again, within half a minute, before polling

const feeds = new Map();

export class Feed extends EventTarget {
  static of(api, csrf) {
    if (!feeds.has(api)) feeds.set(api, new Feed(api));
    const feed = feeds.get(api);
    if (csrf) feed.csrf = csrf;
    return feed;
  }

  constructor(api) {
    super();
    this.api = api;
    this.csrf = "";
    this.state = null; // {unread, text, channels, latest}
    this.over = false; // the reader signed out
    this.asked = this.answered = 0; // how many counts were asked for, and which of them was answered last
    this.users = 0;
    this.failures = 0;
    this.misses = MISSES; // a server that never had a stream is asked for the count at once
    this.streamWait = 30_000;
    this.onVisible = () => this.#seen();
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

  async list(channel, unread = false, limit = 20) {
    const query = new URLSearchParams({ channel, limit: String(limit), ...(unread ? { unread: "true" } : {}) });
    const answer = await fetch(`${this.api}inbox?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`inbox: ${answer.status}`);
    return (await answer.json()).items;
  }

  read(id) { return this.#post(`inbox/${encodeURIComponent(id)}/read`); }
  dismiss(id) { return this.#post(`inbox/${encodeURIComponent(id)}/dismiss`); }
  readAll() { return this.#post("inbox/read-all"); }

  // Tell the other tabs of this browser to look again.
  tellSiblings() { this.siblings?.postMessage("changed"); }

  // Answers can come out of turn: an older one than the last that came says nothing any more.
  async refresh() {
    const turn = ++this.asked;
    let answer;
    try {
      const headers = this.etag ? { "If-None-Match": this.etag } : {};
      answer = await fetch(`${this.api}inbox/count`, { headers, cache: "no-store" });
    } catch {
      return this.#failed();
    }
    if (this.over || turn < this.answered) return false;
    this.answered = turn;
    if ([401, 403, 404].includes(answer.status)) return this.#signedOut();
    if (answer.status !== 304 && !answer.ok) return this.#failed();
    this.failures = 0;
    if (answer.ok) {
      this.etag = answer.headers.get("ETag");
      this.#take(await answer.json());
    }
    return true;
  }

  async #post(path) {
    // keepalive: it is sent even if the reader has followed a link away from this page
    const answer = await fetch(this.api + path, { method: "POST", keepalive: true, headers: { "X-CSRFToken": this.csrf } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    this.tellSiblings();
    await this.refresh();
  }

  #take({ unread, text, channels, latest }) {
    if (this.over) return;
    const state = { unread, text, channels, latest };
    if (JSON.stringify(state) === JSON.stringify(this.state)) return;
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }

  #listen() {
    clearTimeout(this.retry);
    if (this.source || this.over) return;
    const source = (this.source = new EventSource(`${this.api}inbox/stream`));
    let opened = false;
    source.addEventListener("open", () => {
      opened = true;
      this.failures = this.misses = 0;
      this.streamWait = 30_000;
      this.#stopPolling();
    });
    source.addEventListener("inbox", (event) => {
      this.etag = null; // the next poll starts afresh
      this.#take(JSON.parse(event.data));
    });
    source.addEventListener("crowded", () => this.#toPolling(MOST));
    source.addEventListener("error", () => {
      // We reopen it ourselves: a browser's own retry comes every few seconds, from all tabs at once.
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
