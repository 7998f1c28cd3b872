// The notifications that this browser shows for us: those of what was read meanwhile, here or elsewhere, are closed.

const MOST = 100; // as many as the server looks at
const CALM = 1_000; // Chromium may lose a notification that it shows while it is asked for all of them
const LATEST = 5_000;
const heard = new Set();
const waiting = new Map();

// The registration of the worker below `prefix`, or null: a host may have one of its own around it.
export async function ours(prefix) {
  const scope = new URL(prefix, location.href).href;
  const registration = await navigator.serviceWorker.getRegistration(scope);
  if (registration?.scope !== scope) return null;
  const { active, waiting, installing } = registration;
  return [active, waiting, installing].some((worker) => worker?.scriptURL === `${scope}worker.js`) ? registration : null;
}

// Closes what the server says is over, as soon as nothing has happened for a moment: what happens is pushed, too. A
// notification that speaks of several waits until nothing is `unread`.
export function close(prefix, unread) {
  listen(prefix, unread);
  const asked = waiting.get(prefix) ?? { since: performance.now() };
  clearTimeout(asked.timer);
  asked.timer = setTimeout(() => {
    waiting.delete(prefix);
    look(prefix, unread).catch(() => {}); // the next change looks again
  }, Math.max(0, Math.min(CALM, asked.since + LATEST - performance.now())));
  waiting.set(prefix, asked);
}

async function look(prefix, unread) {
  const asked = await shown(prefix, unread);
  if (!asked.length) return;
  const query = new URLSearchParams(asked.map(({ data }) => ["event", data.event]));
  const answer = await fetch(`${prefix}push/over/?${query}`, { redirect: "manual", cache: "no-store" });
  if (!answer.ok) return; // signed out: whoever comes next decides
  const { over } = await answer.json();
  // Those that are shown now: one that took the place of another has its tag, and would be closed in its name.
  for (const one of await shown(prefix, unread)) if (over.includes(one.data.event)) one.close();
}

async function shown(prefix, unread) {
  const found = (await (await ours(prefix))?.getNotifications()) ?? [];
  return found.filter(({ data }) => data?.event && !(data.more && unread())).slice(0, MOST);
}

// What is shown after it was read: the worker tells the open pages of each.
function listen(prefix, unread) {
  if (heard.has(prefix)) return;
  heard.add(prefix);
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data?.tocsin === "shown") close(prefix, unread);
  });
}
