// The notifications that this browser shows for us: those of what was read meanwhile, here or elsewhere, are closed.

const MOST = 100; // as many as the server looks at
const heard = new Set();

// The registration of the worker below `prefix`, or null: a host may have one of its own around it.
export async function ours(prefix) {
  const scope = new URL(prefix, location.href).href;
  const registration = await navigator.serviceWorker.getRegistration(scope);
  if (registration?.scope !== scope) return null;
  const { active, waiting, installing } = registration;
  return [active, waiting, installing].some((worker) => worker?.scriptURL === `${scope}worker.js`) ? registration : null;
}

// Closes what the server says is over. A notification that speaks of several waits until nothing is `unread`.
export async function close(prefix, unread) {
  listen(prefix, unread);
  const shown = (await (await ours(prefix))?.getNotifications()) ?? [];
  const asked = shown.filter(({ data }) => data?.event && !(data.more && unread())).slice(0, MOST);
  if (!asked.length) return;
  const query = new URLSearchParams(asked.map(({ data }) => ["event", data.event]));
  const answer = await fetch(`${prefix}push/over/?${query}`, { redirect: "manual", cache: "no-store" });
  if (!answer.ok) return; // signed out: whoever comes next decides
  const { over } = await answer.json();
  for (const one of asked) if (over.includes(one.data.event)) one.close();
}

// What is shown after it was read: the worker tells the open pages of each.
function listen(prefix, unread) {
  if (heard.has(prefix)) return;
  heard.add(prefix);
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data?.tocsin === "shown") close(prefix, unread).catch(() => {}); // the next change looks again
  });
}
