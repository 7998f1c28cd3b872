// The menu that puts an item off: arrow keys, Home and End; Escape, Tab and a choice give the focus back.

import { make } from "./parts.js";

const MORNING = 9;
const MONDAY = 1;

// When an item may come back, by the reader's own clock and zone: name of the words, and the moment.
export function choices(now) {
  const morning = (days) => {
    const moment = new Date(now);
    moment.setDate(moment.getDate() + days);
    moment.setHours(MORNING, 0, 0, 0);
    return moment;
  };
  const toMonday = (MONDAY + 7 - new Date(now).getDay()) % 7 || 7;
  return [["inAnHour", new Date(now + 3_600_000)], ["tomorrow", morning(1)], ["nextWeek", morning(toMonday)]];
}

export class SnoozeMenu {
  // `now()` is the time by the server's clock; `chosen(item, moment)` is called with what the reader picks.
  constructor({ words, locale, now, chosen }) {
    Object.assign(this, { words, locale, now, chosen });
    this.node = make("div", {
      class: "menu", popover: "auto", role: "menu", "aria-label": words.snooze,
      onkeydown: (event) => this.#walk(event),
      onbeforetoggle: (event) => event.newState === "open" && this.#fill(),
      ontoggle: (event) => this.#toggled(event.newState === "open"),
    });
  }

  // The button of one item, which opens the menu for it.
  opener(item, given, ...children) {
    const button = make("button", { type: "button", "aria-haspopup": "menu", ...given, onclick: () => {
      if (this.button !== button) this.close();
      Object.assign(this, { button, item });
    } }, ...children);
    button.popoverTargetElement = this.node;
    return button;
  }

  close() {
    if (this.node.matches(":popover-open")) this.node.hidePopover();
  }

  // The item is not there any more.
  closeIfGone() {
    if (this.button && !this.button.isConnected) this.close();
  }

  #fill() {
    const when = new Intl.DateTimeFormat(this.locale, { weekday: "short", hour: "numeric", minute: "2-digit" });
    this.node.replaceChildren(...choices(this.now()).map(([name, moment]) =>
      make("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => this.#choose(moment) },
        make("span", {}, this.words[name]), make("span", { class: "fine" }, when.format(moment)))));
  }

  #toggled(open) {
    if (open) {
      const at = this.button.getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = this.node;
      const below = at.bottom + 4;
      this.node.style.top = `${below + height > innerHeight ? Math.max(4, at.top - height - 4) : below}px`;
      this.node.style.left = `${Math.max(4, at.right - width)}px`;
      this.node.firstElementChild.focus();
    } else if (!this.node.getRootNode().activeElement || this.node.contains(this.node.getRootNode().activeElement)) {
      this.button?.focus(); // browsers give it to the host of a shadow root, which cannot have it
    }
  }

  #choose(moment) {
    const { item } = this;
    this.close();
    this.button.focus();
    this.chosen(item, moment);
  }

  #walk(event) {
    event.stopPropagation(); // the list has arrow keys of its own
    if (event.key === "Tab") return this.close();
    const all = [...this.node.children];
    const here = all.indexOf(event.target.closest("button"));
    const next = { ArrowDown: here + 1, ArrowUp: here - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    all[next % all.length].focus();
    event.preventDefault();
  }
}
