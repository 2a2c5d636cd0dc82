// Keeps static files and the offline page, nothing else. Context: version, offline, files, static.
"use strict";
const NAME = "forecourt-{{ version }}", OFFLINE = "{{ offline }}", STATIC = "{{ static }}";
const FILES = [OFFLINE{% for file in files %}, "{{ file }}"{% endfor %}];
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  } else if (url.pathname.startsWith(STATIC)) {
    event.respondWith(caches.match(request).then((kept) => kept || fetch(request).then((answer) => {
      if (answer.ok) { const copy = answer.clone(); caches.open(NAME).then((cache) => cache.put(request, copy)); }
      return answer;
    })));
  }
});
