// Keeps the counter's page, with its scripts, styles and decoder, for a reload without a connection. It keeps nothing
// else: no answer of the server, nobody's data. Whoever has a connection always gets the page from the server, and no
// network that is there but silent keeps anybody waiting for longer than a moment.

const PAGE = "/scan/";
const BUILT = /^\/(assets|css|external)\//;
const NAMED = /^\/assets\//; // by what is in them: never another thing under the same name
const PATIENCE = 5000;
const NAME = "counter-page-";

const old = new Set(); // windows that show the kept page: what they loaded says nothing of the present one
let last = Promise.resolve(); // one after another: of two at once each would take the other for an older one

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { method, url, mode } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate") {
    if (pathname === PAGE) event.respondWith(page(event));
  } else if (BUILT.test(pathname)) {
    event.respondWith(file(event.request));
  }
});

addEventListener("message", (event) => {
  const files = event.data?.keep;
  if (!Array.isArray(files) || old.has(event.source?.id)) return;
  last = last.then(() => keep(files.filter((path) => BUILT.test(path)))).catch(() => {});
  event.waitUntil(last);
});

async function page({ request, resultingClientId }) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status < 500) return answer;
  } catch { /* no connection, or none worth the name */ }
  const kept = await caches.match(PAGE, { ignoreVary: true });
  if (!kept) return fetch(request);
  old.add(resultingClientId);
  return kept;
}

async function file(request) {
  const kept = await caches.match(request, { ignoreSearch: true, ignoreVary: true });
  if (!kept) return fetch(request);
  if (NAMED.test(new URL(request.url).pathname)) return kept;
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    return kept;
  }
}

// All of it or nothing, under a new name; only then are older ones left.
async function keep(files) {
  const name = NAME + Date.now();
  try {
    await (await caches.open(name)).addAll([PAGE, ...files]);
  } catch {
    return caches.delete(name);
  }
  const names = await caches.keys();
  return Promise.all(names.filter((one) => one.startsWith(NAME) && one !== name).map((one) => caches.delete(one)));
}
