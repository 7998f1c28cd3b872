// <tocsin-inbox api="/api/v1/" csrf="…" locale="en" page="/inbox/" labels="{…}" show="bell banner alert" token="…">
// The bell with its list, the banners, and the modal, for any page. Depends on nothing; works under a strict CSP.

import { Feed } from "./feed.js";
import { sheet } from "./look.js";
import { SnoozeMenu } from "./menu.js";
import { actions, ago, body, drawing, firstControl, keep, level, make, safe, time, title } from "./parts.js";

const WORDS = {
  notifications: "Notifications", unread: "{n} unread", markRead: "Mark as read", markAllRead: "Mark all as read", dismiss: "Dismiss",
  acknowledge: "OK", seeAll: "See all", empty: "Nothing new. What concerns you will appear here.",
  snooze: "Snooze", inAnHour: "In an hour", tomorrow: "Tomorrow morning", nextWeek: "Next week",
  allRead: "Everything is read.", dismissed: "Dismissed.", snoozed: "It comes back {time}.",
  failed: "This could not be saved. Reload the page and try again.", unreachable: "The inbox cannot be reached just now.",
  info: "Information", warning: "Warning", error: "Error", critical: "Critical",
};
const BANNERS = 3;
const RETRY = 10_000;

// What has the focus, inside shadow roots too.
function focused() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
}

class TocsinInbox extends HTMLElement {
  static observedAttributes = ["token"];

  connectedCallback() {
    this.words = { ...WORDS, ...this.#told("labels", {}) };
    this.locale = this.getAttribute("locale") || navigator.language;
    this.show = new Set((this.getAttribute("show") || "bell banner alert").split(/\s+/));
    this.feed = Feed.of(this.#api(), this.getAttribute("csrf"), this.getAttribute("token"));
    this.doing ??= new Set();
    this.turns ??= {};
    if (!this.shadowRoot) this.#build();
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.feed.addEventListener("change", () => this.#changed(), { signal });
    this.feed.addEventListener("unreachable", () => this.#unreachable(), { signal });
    this.feed.addEventListener("token", (event) => this.#askToken(event), { signal });
    this.feed.addEventListener("over", () => { this.hidden = true; }, { signal });
    this.feed.enter();
    if (this.feed.state) this.#changed();
  }

  disconnectedCallback() {
    this.listeners.abort();
    this.feed.leave();
  }

  attributeChangedCallback(name, before, token) {
    this.feed?.use(token);
  }

  // What an attribute says in JSON; of words the English ones will do, of items what the feed brings.
  #told(name, fallback) {
    try {
      return JSON.parse(this.getAttribute(name)) ?? fallback;
    } catch {
      return fallback;
    }
  }

  #api() {
    const { origin, pathname } = new URL(this.getAttribute("api") || "/api/v1/", location.href);
    return (origin === location.origin ? "" : origin) + pathname.replace(/\/?$/, "/");
  }

  // The page may answer with another token, or say that it sees to it.
  #askToken(event) {
    const asked = new CustomEvent("tocsin-token", { bubbles: true, composed: true, cancelable: true, detail: event.detail });
    if (!this.dispatchEvent(asked)) event.preventDefault();
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    if (this.show.has("banner")) {
      this.banners = make("div", { class: "banners", role: "region", "aria-label": this.words.notifications, tabindex: "-1" });
      root.append(this.banners);
    }
    if (this.show.has("bell")) this.#buildBell(root);
    if (this.banners) this.#showBanners(this.#told("items", []));
    if (this.show.has("alert")) {
      this.dialog = make("dialog", { "aria-labelledby": "asked", onclose: () => this.#answered() });
      root.append(this.dialog);
    }
  }

  #buildBell(root) {
    this.badge = make("span", { class: "badge", "aria-hidden": "true" });
    this.bell = make("button", { class: "bell", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": this.words.notifications },
      drawing("bell", 24), this.badge);
    this.spoken = make("span", { class: "hidden", role: "status" });
    this.trouble = make("p", { class: "trouble", role: "alert" });
    this.items = make("ol", { class: "items" });
    this.all = make("button", { type: "button", onclick: () => this.#act("all", () => this.feed.readAll(), this.words.allRead) }, this.words.markAllRead);
    this.menu = new SnoozeMenu({ words: this.words, locale: this.locale, now: () => this.feed.now(), chosen: (item, until) => this.#snooze(item, until) });
    const page = safe(this.getAttribute("page"));
    this.panel = make("div", { class: "panel", popover: "auto", role: "dialog", "aria-label": this.words.notifications, tabindex: "-1" },
      make("div", { class: "top" }, make("h2", {}, this.words.notifications), this.all), this.trouble, this.items,
      page ? make("a", { class: "bottom", href: page }, this.words.seeAll) : null, this.menu.node);
    this.bell.popoverTargetElement = this.panel;
    this.panel.addEventListener("beforetoggle", (event) => event.newState === "open" && this.#place());
    this.panel.addEventListener("toggle", (event) => this.#toggled(event.newState === "open"));
    this.panel.addEventListener("keydown", (event) => this.#walk(event));
    root.append(this.bell, this.spoken, this.panel);
  }

  // Under the bell, within the window. Set through the object model, which a strict CSP allows.
  #place() {
    const at = this.bell.getBoundingClientRect();
    const width = Math.min(416, innerWidth - 16);
    this.panel.style.top = `${Math.min(at.bottom + 6, innerHeight - 120)}px`;
    this.panel.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
  }

  async #toggled(open) {
    this.bell.setAttribute("aria-expanded", String(open));
    this.open = open;
    if (!open) {
      // Browsers give focus back to the host of a shadow root, which cannot have it.
      if ([document.body, this, null].includes(document.activeElement)) this.bell.focus();
      return;
    }
    await this.#fill();
    this.panel.focus();
  }

  // Arrow keys move from one entry's first control to the next one's; Home and End to the ends of the list.
  #walk(event) {
    const stops = [...this.items.children].map(firstControl).filter(Boolean);
    const here = stops.findIndex((stop) => stop.closest("li").contains(this.shadowRoot.activeElement));
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: stops.length - 1 }[event.key];
    if (next === undefined) return;
    stops[Math.max(0, Math.min(stops.length - 1, next))]?.focus();
    event.preventDefault();
  }

  #changed() {
    const { state } = this.feed;
    this.hidden = this.feed.over;
    this.#say("");
    if (this.bell) this.#count(state);
    if (this.open) this.#fill();
    if (this.banners) this.#fillBanners(state.channels.header_message);
    if (this.dialog) this.#ask(state.channels.alert);
    this.dispatchEvent(new CustomEvent("tocsin-change", { bubbles: true, composed: true, detail: state }));
  }

  #count({ unread, text }) {
    const words = unread ? this.words.unread.replace("{n}", text) : "";
    if (unread > (this.counted ?? unread)) {
      this.spoken.textContent = words;
      this.bell.classList.remove("rung");
      void this.bell.offsetWidth; // lets the same animation begin again
      this.bell.classList.add("rung");
    }
    this.counted = unread;
    this.badge.textContent = text;
    this.bell.toggleAttribute("data-unread", unread > 0);
    this.bell.setAttribute("aria-label", [this.words.notifications, words].filter(Boolean).join(", "));
    if (!unread && this.shadowRoot.activeElement === this.all) this.panel.focus();
    this.all.hidden = !unread;
  }

  async #fill() {
    const items = await this.#items("message");
    if (!items) return;
    for (const node of this.items.querySelectorAll(".when")) node.textContent = ago(node.dateTime, this.locale, this.feed.now());
    keep(this.items, items, (item) => this.#entry(item), this.panel);
    if (!items.length) this.items.append(make("li", { class: "empty" }, this.words.empty));
    this.menu.closeIfGone();
  }

  #entry(item) {
    const named = (name) => ({ class: "tick", title: this.words[name], "aria-label": `${this.words[name]}: ${item.title}` });
    const button = (name, icon, onclick) => make("button", { type: "button", onclick, ...named(name) }, drawing(icon));
    const text = make("div", {}, title(item), body(item), actions(item), make("div", { class: "row" },
      this.#time(item),
      item.read_at ? null : button("markRead", "tick", () => this.#act(item.id, () => this.feed.read(item.id))),
      this.menu.opener(item, named("snooze"), drawing("clock")),
      button("dismiss", "cross", () => this.#act(item.id, () => this.feed.dismiss(item.id), this.words.dismissed))));
    text.addEventListener("click", (event) => {
      if (!item.read_at && event.target.closest("a")) this.feed.read(item.id).catch(() => {}); // the link is followed in any case
    });
    return make("li", { class: item.read_at ? "item" : "item unread" }, level(item, this.words), text);
  }

  #time(item) {
    return make("p", { class: "fine" }, time(item.created_at, this.locale, this.feed.now()));
  }

  #snooze(item, until) {
    const when = until.toLocaleString(this.locale, { weekday: "long", hour: "numeric", minute: "2-digit" });
    this.#act(item.id, () => this.feed.snooze(item.id, until), this.words.snoozed.replace("{time}", when));
  }

  async #fillBanners(number) {
    const items = await this.#items("header_message", number ? { limit: BANNERS } : 0);
    if (items) this.#showBanners(items);
  }

  #showBanners(items) {
    clearTimeout(this.fading);
    keep(this.banners, items, (item) => this.#banner(item), this.banners);
    const left = items.map((item) => Date.parse(item.expires_at ?? "") - this.feed.now()).filter((wait) => wait > 0);
    if (left.length) this.fading = setTimeout(() => this.feed.state && this.#changed(), Math.min(Math.min(...left) + 500, 2 ** 31 - 1));
  }

  #banner(item) {
    const trouble = make("p", { class: "trouble", role: "alert" });
    const dismiss = () => this.#act(item.id, () => this.feed.dismiss(item.id), this.words.dismissed, trouble);
    return make("div", { class: `banner tone-${item.level}`, role: ["error", "critical"].includes(item.level) ? "alert" : "status" },
      level(item, this.words), make("div", {}, title(item, "p"), body(item), actions(item), trouble),
      make("button", { type: "button", "aria-label": `${this.words.dismiss}: ${item.title}`, onclick: dismiss }, this.words.dismiss));
  }

  // One alert at a time, the oldest first. It goes when it is answered, here or in another tab.
  async #ask(number) {
    const items = await this.#items("alert", number ? { limit: 20 } : 0);
    if (!items) return;
    const waiting = items.map((item) => item.id);
    if (this.asked && waiting.includes(this.asked.id)) return;
    const next = items.filter((item) => item.id !== this.settled).at(-1);
    if (this.asked) this.#close();
    if (!next) return;
    this.asked = next;
    this.before = focused();
    const ok = make("button", { class: "main", type: "button", autofocus: true, onclick: () => this.dialog.close() }, this.words.acknowledge);
    this.dialog.className = `tone-${next.level}`;
    this.dialog.replaceChildren(
      make("div", { class: "inside" }, level(next, this.words), make("div", {}, title(next, "h2", "asked"), body(next), actions(next), this.#time(next))),
      make("div", { class: "foot" }, ok));
    this.dialog.showModal();
  }

  // The reader closed the modal, by its button or by Escape: either answers it.
  #answered() {
    const { asked } = this;
    if (!asked) return;
    this.asked = null;
    this.settled = asked.id;
    this.#giveBack();
    this.#act(asked.id, () => this.feed.read(asked.id));
  }

  #close() {
    this.asked = null;
    this.dialog.close();
    this.#giveBack();
  }

  #giveBack() {
    if (this.before?.isConnected) this.before.focus?.();
    this.before = null;
  }

  // What is to be shown of a channel: of the bell all, of the others what waits for the reader, if anything does.
  // Null where it could not be had, or where it was asked for again meanwhile.
  async #items(channel, waiting) {
    const turn = (this.turns[channel] = (this.turns[channel] ?? 0) + 1);
    try {
      const items = waiting === 0 ? [] : await this.feed.list(channel, Boolean(waiting), waiting?.limit);
      if (turn !== this.turns[channel]) return null;
      this.feed.see(items);
      return items;
    } catch {
      this.#unreachable();
      clearTimeout(this.missing);
      this.missing = setTimeout(() => this.isConnected && this.feed.state && this.#changed(), RETRY * (0.5 + Math.random()));
      return null;
    }
  }

  // What the reader asks for is done once: a second click meanwhile does nothing.
  async #act(name, what, done = "", trouble = this.trouble) {
    if (this.doing.has(name)) return;
    this.doing.add(name);
    try {
      await what();
      if (this.spoken && done) this.spoken.textContent = done;
    } catch {
      if (trouble) trouble.textContent = this.words.failed;
    } finally {
      this.doing.delete(name);
    }
  }

  #unreachable() {
    if (!this.feed.excused) this.#say(this.words.unreachable);
  }

  #say(words) {
    if (this.trouble) this.trouble.textContent = words;
  }
}

customElements.define("tocsin-inbox", TocsinInbox);
