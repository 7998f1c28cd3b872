// The pieces that the live inbox is built of. Titles are text, never markup; bodies are sanitised twice.

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  bell: [["path", { d: "M12 3c-3.6 0-5.7 2.8-5.7 6.2 0 4.1-1.2 5.4-2 6.6h15.4c-.8-1.2-2-2.5-2-6.6C17.7 5.8 15.6 3 12 3Zm-2.2 16a2.3 2.3 0 0 0 4.4 0" }]],
  tick: [["path", { d: "m2.5 8.5 3.6 3.8 7.4-8.4" }]],
  clock: [["circle", { cx: 8, cy: 8, r: 6 }], ["path", { d: "M8 4.6V8l2.5 1.6" }]],
  cross: [["path", { d: "m3.8 3.8 8.4 8.4m0-8.4-8.4 8.4" }]],
  info: [["circle", { cx: 8, cy: 8, r: 7 }], ["path", { class: "cut", d: "M8 7.2v4.2M8 4.4v.6" }]],
  warning: [["path", { d: "M8 1.2 15.4 14.4H.6Z" }], ["path", { class: "cut", d: "M8 6v4M8 12v.5" }]],
  error: [["path", { d: "M5 1h6l4 4v6l-4 4H5l-4-4V5Z" }], ["path", { class: "cut", d: "m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" }]],
  critical: [["rect", { x: 1, y: 1, width: 14, height: 14, rx: 2 }], ["path", { class: "cut", d: "M5.6 4v5M5.6 11.4v.6M10.4 4v5M10.4 11.4v.6" }]],
};
const TAGS = new Set("A BLOCKQUOTE BR CODE DEL EM H1 H2 H3 H4 H5 H6 HR LI OL P PRE S STRONG TABLE TBODY TD TH THEAD TR UL".split(" "));

// An element with properties ("class", "on…" and ARIA included) and children; strings become text.
export function make(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export function drawing(name, size = 16) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, given] of SHAPES[name] ?? []) {
    const part = document.createElementNS(SVG, tag);
    for (const [attribute, value] of Object.entries(given)) part.setAttribute(attribute, value);
    svg.append(part);
  }
  return svg;
}

// Makes `parent` show these items by nodes of `draw`, and leaves alone those it has: focus and a reading voice stay.
// Focus in a node that goes moves to the first control of the one in its place, or to `fallback`.
export function keep(parent, items, draw, fallback) {
  const root = parent.getRootNode();
  const at = [...parent.children].findIndex((node) => node.contains(root.activeElement));
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item) => {
    const key = `${item.id} ${item.read_at ? "read" : "unread"}`;
    const node = old.get(key) ?? draw(item);
    node.dataset.key = key;
    return node;
  });
  for (const node of old.values()) if (!wanted.includes(node)) node.remove();
  wanted.forEach((node, index) => parent.children[index] === node || parent.insertBefore(node, parent.children[index] ?? null));
  if (at < 0 || parent.contains(root.activeElement)) return;
  (firstControl(parent.children[Math.min(at, parent.children.length - 1)]) ?? fallback)?.focus();
}

export function firstControl(node) {
  return node?.querySelector("a[href], button");
}

// An address that may be linked to, or null: http, https and mailto, and paths of the site that `base` is on.
export function safe(url, base = location.href) {
  if (typeof url !== "string" || !url) return null;
  try {
    const parsed = new URL(url, base);
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

// The server's sanitised HTML as nodes. What is not on the list is left out here too, whatever a server sends.
export function body({ html, base }) {
  const made = make("div", { class: "body" });
  if (!html) return made;
  const parsed = new DOMParser().parseFromString(html, "text/html");
  made.append(...cleaned(parsed.body, base));
  return made;
}

function cleaned(parent, base) {
  return [...parent.childNodes].map((node) => clean(node, base)).filter(Boolean);
}

function clean(node, base) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || !TAGS.has(node.tagName)) return null;
  const made = document.createElement(node.tagName);
  if (node.tagName === "A") {
    const href = safe(node.getAttribute("href"), base);
    if (href) made.href = href;
    made.rel = "noopener";
  }
  if (node.tagName === "OL" && /^\d{1,6}$/.test(node.getAttribute("start") ?? "")) made.setAttribute("start", node.getAttribute("start"));
  made.append(...cleaned(node, base));
  return made;
}

export function level(item, words) {
  const name = item.level in SHAPES ? item.level : "info";
  return make("span", { class: `level level-${name}`, role: "img", "aria-label": words[name] }, drawing(name));
}

export function title(item, tag = "h3", id = null) {
  const href = safe(item.url, item.base);
  return make(tag, { class: "title", id }, href ? make("a", { href }, item.title) : item.title);
}

export function actions(item) {
  const links = (item.actions ?? []).map(({ label, url }) => [label, safe(url, item.base)]).filter(([, href]) => href);
  return links.length ? make("p", { class: "actions" }, links.map(([label, href]) => make("a", { class: "button", href }, label))) : null;
}

const SKEW = 2; // seconds
const STEPS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

// "3 minutes ago", in the reader's language.
export function ago(moment, locale, now = Date.now()) {
  const seconds = (Date.parse(moment) - now) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  // The last minute is "now", and so is what lies ahead by no more than the server's clock is known: it tells whole seconds.
  const number = unit === "second" ? (seconds > SKEW ? Math.round(seconds) : 0) : Math.trunc(seconds / size);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(number, unit);
}

export function time(moment, locale, now) {
  const full = new Date(moment).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
  return make("time", { datetime: moment, title: full }, ago(moment, locale, now));
}
