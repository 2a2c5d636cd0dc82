// Parts of the ingestion's pages that ask for themselves again (data-refresh, see app.js), and what of them is told aloud.
"use strict";
(() => {
  const live = () => document.getElementById("live");
  let spoken = document.querySelector("[data-spoken]")?.dataset.spoken;

  // A refresh asks for the page as it is now, pages turned and columns sorted meanwhile.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.matches("[data-refresh]")) event.detail.path = location.pathname + location.search;
  });

  // Not while rows are chosen in it, nor while somebody walks through it by keyboard. Before app.js hears of the request.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (!part.matches("[data-refresh]")) return;
    const walking = part.contains(document.activeElement) && document.activeElement.matches("a:focus-visible, button:focus-visible, summary:focus-visible");
    if (walking || part.querySelector(".pick input:checked")) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);

  document.addEventListener("htmx:afterSwap", () => {
    // What has just come counts from now until it asks again.
    for (const part of document.querySelectorAll("[data-refresh]:not([data-last])")) part.dataset.last = Date.now();
    // Progress is told at every quarter, not at every look.
    const now = document.querySelector("[data-spoken]");
    if (now && spoken !== undefined && now.dataset.spoken !== spoken && live()) live().textContent = now.dataset.words;
    spoken = now?.dataset.spoken ?? spoken;
  });
})();
