// <tocsin-inbox api="/api/v1/" csrf="…" locale="en" page="/inbox/" labels="{…}" show="bell banner alert">
// The bell with its list, the banners, and the modal, for any page. Depends on nothing; works under a strict CSP.

import { Feed } from "./feed.js";
import { sheet } from "./look.js";
import { actions, body, drawing, level, make, safe, time, title } from "./parts.js";

const WORDS = {
  notifications: "Notifications", unread: "{n} unread", markRead: "Mark as read", markAllRead: "Mark all as read", dismiss: "Dismiss",
  acknowledge: "OK", seeAll: "See all", empty: "Nothing new. What concerns you will appear here.",
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
  connectedCallback() {
    this.words = { ...WORDS, ...this.#labels() };
    this.locale = this.getAttribute("locale") || navigator.language;
    this.show = new Set((this.getAttribute("show") || "bell banner alert").split(/\s+/));
    if (!this.shadowRoot) this.#build();
    const api = new URL(this.getAttribute("api") || "/api/v1/", location.href).pathname.replace(/\/?$/, "/");
    this.feed = Feed.of(api, this.getAttribute("csrf"));
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.feed.addEventListener("change", () => this.#changed(), { signal });
    this.feed.addEventListener("unreachable", () => this.#say(this.words.unreachable), { signal });
    this.feed.addEventListener("over", () => { this.hidden = true; }, { signal });
    this.feed.enter();
    if (this.feed.state) this.#changed();
  }

  disconnectedCallback() {
    this.listeners.abort();
    this.feed.leave();
  }

  #labels() {
    try {
      return JSON.parse(this.getAttribute("labels") || "{}");
    } catch {
      return {}; // the English words will do
    }
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    if (this.show.has("banner")) {
      this.banners = make("div", { class: "banners", role: "region", "aria-label": this.words.notifications });
      root.append(this.banners);
    }
    if (this.show.has("bell")) this.#buildBell(root);
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
    this.all = make("button", { type: "button", onclick: () => this.#act(this.feed.readAll()) }, this.words.markAllRead);
    const page = safe(this.getAttribute("page"));
    this.panel = make("div", { class: "panel", popover: "auto", role: "dialog", "aria-label": this.words.notifications, tabindex: "-1" },
      make("div", { class: "top" }, make("h2", {}, this.words.notifications), this.all), this.trouble, this.items,
      page ? make("a", { class: "bottom", href: page }, this.words.seeAll) : null);
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

  // Arrow keys move from one entry's first control to the next one's.
  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [...this.items.children].map((entry) => entry.querySelector("a, button")).filter(Boolean);
    const here = stops.findIndex((stop) => stop.closest("li").contains(this.shadowRoot.activeElement));
    stops[Math.max(0, Math.min(stops.length - 1, here + step))]?.focus();
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
    this.all.hidden = !unread;
  }

  async #fill() {
    const items = await this.#items("message");
    if (!items) return;
    const held = this.shadowRoot.activeElement?.closest?.("li")?.dataset.id;
    this.items.replaceChildren(...items.map((item) => this.#entry(item)));
    if (!items.length) this.items.append(make("li", { class: "empty" }, this.words.empty));
    const entry = held && [...this.items.children].find((one) => one.dataset.id === held);
    if (held) (entry?.querySelector("a, button") ?? this.panel).focus();
  }

  #entry(item) {
    const tick = item.read_at ? null : make("button", {
      class: "tick", type: "button", title: this.words.markRead, "aria-label": `${this.words.markRead}: ${item.title}`,
      onclick: () => this.#act(this.feed.read(item.id)),
    }, drawing("tick"));
    const text = make("div", {}, title(item), body(item.html), actions(item), make("p", { class: "fine" }, time(item.created_at, this.locale)));
    text.addEventListener("click", (event) => {
      if (!item.read_at && event.target.closest("a")) this.feed.read(item.id).catch(() => {}); // the link is followed in any case
    });
    return make("li", { class: item.read_at ? "item" : "item unread", "data-id": item.id }, level(item, this.words), text, tick);
  }

  async #fillBanners(number) {
    const items = number ? await this.#items("header_message", true, BANNERS) : [];
    if (!items) return;
    clearTimeout(this.fading);
    this.banners.replaceChildren(...items.map((item) => this.#banner(item)));
    const ends = items.map((item) => Date.parse(item.expires_at ?? "")).filter((moment) => moment > Date.now());
    if (ends.length) this.fading = setTimeout(() => this.#changed(), Math.min(Math.min(...ends) - Date.now() + 500, 2 ** 31 - 1));
  }

  #banner(item) {
    return make("div", { class: `banner tone-${item.level}`, role: ["error", "critical"].includes(item.level) ? "alert" : "status" },
      level(item, this.words), make("div", {}, title(item, "p"), body(item.html), actions(item)),
      make("button", { type: "button", "aria-label": `${this.words.dismiss}: ${item.title}`, onclick: () => this.#act(this.feed.dismiss(item.id)) }, this.words.dismiss));
  }

  // One alert at a time, the oldest first. It goes when it is answered, here or in another tab.
  async #ask(number) {
    const items = number ? await this.#items("alert", true) : [];
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
      make("div", { class: "inside" }, level(next, this.words), make("div", {}, title(next, "h2", "asked"), body(next.html), actions(next),
        make("p", { class: "fine" }, time(next.created_at, this.locale)))),
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
    this.#act(this.feed.read(asked.id));
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

  async #items(channel, unread = false, limit = 20) {
    try {
      return await this.feed.list(channel, unread, limit);
    } catch {
      this.#say(this.words.unreachable);
      clearTimeout(this.missing);
      this.missing = setTimeout(() => this.isConnected && this.#changed(), RETRY * (0.5 + Math.random()));
      return null;
    }
  }

  async #act(doing) {
    try {
      await doing;
    } catch {
      this.#say(this.words.failed);
    }
  }

  #say(words) {
    if (this.trouble) this.trouble.textContent = words;
  }
}

customElements.define("tocsin-inbox", TocsinInbox);
