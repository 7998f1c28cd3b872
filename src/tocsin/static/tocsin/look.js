// How the live inbox looks. One sheet for all elements of a page; a host sets color-scheme and the --tocsin-… properties.

export const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { --accent: var(--tocsin-accent, light-dark(#8f4f06, #e9a94b)); --on-accent: var(--tocsin-on-accent, light-dark(#fff, #1d1606));
  --sheet: var(--tocsin-sheet, light-dark(#fff, #1d2024)); --ink: var(--tocsin-ink, light-dark(#1f2328, #e6e4df)); --round: var(--tocsin-radius, .9rem);
  --soft: light-dark(#5c636b, #a3a9b0); --edge: light-dark(#e2dfd8, #31363c); --wash: light-dark(#f4f2ed, #262a2f);
  --info: light-dark(#1a5a96, #7db8ee); --warning: light-dark(#8a5a00, #e3b341); --error: light-dark(#a8201a, #ff8a80);
  display: inline-block; position: relative; vertical-align: middle; min-width: 2.5rem; font: 1rem/1.5 var(--tocsin-font, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif); color: var(--ink); }
:host([hidden]) { display: none; }
:host([show="banner"]) { display: block; }
* { box-sizing: border-box; } .banner, .item, dialog { overflow-wrap: anywhere; }
button, .button { font: inherit; font-size: .875rem; font-weight: 550; color: var(--ink); background: var(--sheet); border: 1px solid var(--edge);
  border-radius: calc(var(--round) * .55); padding: .3rem .75rem; cursor: pointer; text-decoration: none; display: inline-block; }
button:hover, .button:hover { background: var(--wash); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); text-underline-offset: .15em; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.bell { position: relative; display: grid; place-items: center; width: 2.5rem; height: 2.5rem; padding: 0; border: 0; border-radius: 50%; background: none; color: inherit; }
.bell svg { width: 1.5rem; height: 1.5rem; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linejoin: round; }
.bell[data-unread] svg { fill: color-mix(in srgb, var(--accent) 22%, transparent); stroke: var(--accent); }
.badge { position: absolute; top: .05rem; right: -.05rem; min-width: 1.15rem; padding: 0 .3rem; border-radius: 1rem; background: var(--error); color: light-dark(#fff, #1b0f0e);
  font-size: .72rem; line-height: 1.15rem; font-weight: 700; text-align: center; font-variant-numeric: tabular-nums; }
.badge:empty { display: none; }

.panel { position: fixed; inset: auto; margin: 0; width: min(26rem, calc(100vw - 1rem)); max-height: min(36rem, calc(100dvh - 5rem)); padding: 0; overflow: auto; overscroll-behavior: contain;
  color: var(--ink); background: var(--sheet); border: 1px solid var(--edge); border-radius: var(--round); box-shadow: 0 .6rem 2.2rem rgb(0 0 0 / .18); }
.top { position: sticky; top: 0; z-index: 1; display: flex; align-items: center; gap: .75rem; padding: .7rem 1rem; background: var(--sheet); border-bottom: 1px solid var(--edge); }
.top h2 { font-size: 1rem; margin: 0 auto 0 0; }
.bottom { position: sticky; bottom: 0; display: block; padding: .6rem 1rem; text-align: center; background: var(--sheet); border-top: 1px solid var(--edge); font-size: .9rem; }
.items { list-style: none; margin: 0; padding: 0; }
.item { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .7rem; padding: .75rem 1rem .5rem; }
.item + .item { border-top: 1px solid var(--edge); }
.item.unread { box-shadow: inset .2rem 0 var(--accent); }
.title { margin: 0; font-size: .95rem; line-height: 1.35; font-weight: 450; }
.unread .title, .banner .title, dialog .title { font-weight: 620; }
.title a { color: inherit; display: inline-block; min-height: 1.5rem; }
.body { font-size: .9rem; overflow-wrap: anywhere; } .body p { margin: .15rem 0; }
.item .body { max-height: 8.5rem; overflow: auto; }
.body blockquote { margin: .3rem 0; padding-left: .7rem; border-left: 3px solid var(--edge); color: var(--soft); }
.body ul { list-style: disc; } .body ul, .body ol { margin: .3rem 0; padding-left: 1.4rem; }
.body code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; background: var(--wash); padding: .05em .3em; border-radius: .3em; }
.body pre, .body table { overflow-x: auto; display: block; max-width: 100%; } .body h1, .body h2, .body h3 { font-size: 1em; }
.fine { margin: .1rem 0 0; font-size: .8rem; color: var(--soft); }
.actions { display: flex; flex-wrap: wrap; gap: .4rem; margin: .4rem 0 .15rem; }
.row { display: flex; align-items: center; gap: .15rem; margin-right: -.45rem; } .row .fine { margin: 0 auto 0 0; }
.tick { flex: none; width: 1.9rem; height: 1.9rem; padding: 0; display: grid; place-items: center; border-color: transparent; background: none; color: var(--soft); }
.tick svg { width: 1rem; height: 1rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.menu { position: fixed; inset: auto; margin: 0; padding: .3rem; min-width: 15rem; color: var(--ink); background: var(--sheet); border: 1px solid var(--edge); border-radius: calc(var(--round) * .8); box-shadow: 0 .4rem 1.6rem rgb(0 0 0 / .22); }
.menu button { display: flex; width: 100%; justify-content: space-between; align-items: baseline; gap: 1.5rem; padding: .45rem .6rem; border-color: transparent; text-align: left; } .menu .fine { margin: 0; }
.menu :focus-visible { outline-offset: -2px; background: var(--wash); }
.empty { padding: 2.2rem 1.5rem; text-align: center; color: var(--soft); }
.level { display: inline-flex; margin-top: .1rem; } .level svg { width: 1.1rem; height: 1.1rem; fill: currentColor; }
.level .cut { fill: none; stroke: var(--sheet); stroke-width: 1.8; stroke-linecap: round; }
.level-info { color: var(--info); } .level-warning { color: var(--warning); } .level-error, .level-critical { color: var(--error); }

.banners:focus { outline: none; } .banners:not(:empty) { display: grid; gap: .5rem; }
:host(:not([show])) .banners:not(:empty) { position: fixed; z-index: var(--tocsin-z-index, 2147483000); top: .6rem; left: 50%; translate: -50%; width: min(46rem, calc(100vw - 1.2rem)); }
:host([show="banner"]) .banners:not(:empty) { padding-top: .75rem; }
.banner { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 0 .75rem; align-items: start; padding: .65rem .9rem .5rem; color: var(--ink);
  border-radius: calc(var(--round) * .8); border: 1px solid color-mix(in srgb, var(--tone) 45%, var(--edge)); border-left: .3rem solid var(--tone);
  background: color-mix(in srgb, var(--tone) 9%, var(--sheet)); }
:host(:not([show])) .banner { box-shadow: 0 .4rem 1.4rem rgb(0 0 0 / .16); }
.tone-info { --tone: var(--info); } .tone-warning { --tone: var(--warning); } .tone-error, .tone-critical { --tone: var(--error); }

dialog { width: min(30rem, calc(100vw - 2rem)); padding: 0; color: var(--ink); background: var(--sheet); border: 1px solid var(--edge); border-top: .35rem solid var(--tone);
  border-radius: var(--round); box-shadow: 0 1rem 4rem rgb(0 0 0 / .35); }
dialog::backdrop { background: rgb(10 12 15 / .5); }
dialog .inside { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .2rem .9rem; padding: 1.3rem 1.4rem 1rem; max-height: 70dvh; overflow: auto; }
dialog .title { font-size: 1.15rem; } dialog .level svg { width: 1.5rem; height: 1.5rem; }
dialog .foot { display: flex; flex-wrap: wrap; justify-content: end; gap: .5rem; padding: .8rem 1.4rem 1.1rem; }
dialog .main { background: var(--accent); border-color: transparent; color: var(--on-accent); padding: .4rem 1.3rem; }
dialog .main:hover { filter: brightness(1.08); }
.trouble { margin: 0; padding: .5rem 1rem; font-size: .85rem; color: var(--error); } .trouble:empty { display: none; }
@media (prefers-reduced-motion: no-preference) { .bell.rung svg { animation: ring .6s ease-in-out; transform-origin: 50% 10%; } .banner, dialog[open] { animation: in .18s ease-out; } }
@media (forced-colors: active) { :host { --sheet: Canvas; --accent: LinkText; } .badge { border: 1px solid ButtonText; } .item.unread { border-left: .2rem solid Highlight; }
  .tick { border-color: ButtonBorder; } .bell[data-unread] svg { fill: none; stroke: currentColor; } }
@keyframes ring { 20% { rotate: 14deg; } 40% { rotate: -11deg; } 60% { rotate: 7deg; } 80% { rotate: -4deg; } }
@keyframes in { from { opacity: 0; translate: 0 -.4rem; } }
:host(:not([show])) .banner { animation: none; }
`);
