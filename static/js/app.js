// What every page does beyond links and forms. Listeners are the document's, so that swapped parts need none of their own.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = JSON.parse($("#words")?.textContent || "{}");

  // -- toasts: inside an open dialog if there is one, since everything outside of it is inert
  const say = (text) => { const live = $("#live"); if (live) { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 50); } };
  const toast = ({ text, kind = "ok", undo }) => {
    const host = $("dialog:modal .toasts") || $("body > .toasts");
    if (!host) return;
    const item = $("#toast").content.firstElementChild.cloneNode(true), back = $("a", item);
    item.className = `toast ${kind}`;
    item.setAttribute("role", kind === "bad" ? "alert" : "status");
    $("span", item).textContent = text;
    if (undo) back.href = undo; else back.remove();
    $("button", item).onclick = () => item.remove();
    host.append(item);
    if (kind !== "bad") {
      let left = setTimeout(() => item.remove(), 6000);
      item.onmouseenter = item.onfocusin = () => clearTimeout(left);
      item.onmouseleave = () => { left = setTimeout(() => item.remove(), 3000); };
    }
  };
  document.addEventListener("toast", (event) => toast(event.detail));

  // -- htmx: the token, and errors in words
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = $("meta[name=csrf-token]")?.content || "";
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail, id = xhr.getResponseHeader("X-Request-ID") || "";
    const told = { 403: words.forbidden, 404: words.gone, 409: words.conflict, 429: words.slow }[xhr.status] || words.failed;
    toast({ text: xhr.status >= 500 ? `${told} (${id})` : told, kind: "bad" });
  });
  document.addEventListener("htmx:sendError", () => toast({ text: words.offline, kind: "bad" }));
  document.addEventListener("htmx:beforeRequest", (event) => event.detail.target?.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    target?.removeAttribute("aria-busy");
    const told = $("[data-announce]", target || document);
    if (told && !event.detail.requestConfig?.headers?.["X-Refresh"]) say(told.dataset.announce);
    const errors = target && $(".errors", target);
    if (errors) errors.focus();
  });

  // -- dialogs, selects that submit, all or none of a table's rows, copying
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog) { event.preventDefault(); dialog.showModal(); }
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    const copied = event.target.closest("[data-copy]");
    if (copied) navigator.clipboard?.writeText(copied.dataset.copy).then(() => toast({ text: words.copied }));
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-submit]")) field.form.requestSubmit();
    if (field.matches("[data-all]")) $$(`input[name="${field.dataset.all}"]`, field.form).forEach((box) => { box.checked = field.checked; });
    const form = field.form, count = form && $("[data-picked]", form);
    if (count && field.type === "checkbox") count.textContent = $$(".pick input[name]:checked", form).length;
  });
  // An empty field is no filter: it is left out of the address.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-lean]")) $$("input, select", form).forEach((field) => { if (!field.value) field.disabled = true; });
  });
  addEventListener("pageshow", () => $$("form[data-lean] :disabled").forEach((field) => { field.disabled = false; }));

  // -- parts that refresh themselves: while the page is seen and nobody is at work in them. What somebody walks into, or
  // chooses from, while an answer is on its way stays as it is too; the next one is swapped in.
  const atWork = (part) => Boolean($(".pick input:checked", part))
    || part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, :focus-visible");
  setInterval(() => {
    if (document.hidden || $("dialog:modal, [popover]:popover-open")) return;
    const now = Date.now();
    for (const part of $$("[data-refresh]")) {
      const last = Number(part.dataset.last ||= now);
      if (now - last < part.dataset.refresh * 1000 || atWork(part)) continue;
      part.dataset.last = now;
      htmx.trigger(part, "refresh");
    }
  }, 500);
  document.addEventListener("htmx:configRequest", (event) => {
    // The page as it is now, pages turned and columns sorted meanwhile.
    if (event.detail.elt.id === "watched") event.detail.path = location.pathname + location.search;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.requestConfig.elt;
    if (part.matches("[data-refresh]") && atWork(part)) event.detail.shouldSwap = false;
  });
  // Progress is told at every quarter, not at every look.
  let spoken = $("[data-spoken]")?.dataset.spoken;
  document.addEventListener("htmx:afterSwap", () => {
    const now = $("[data-spoken]")?.dataset;
    if (now && spoken !== undefined && now.spoken !== spoken) say(now.words);
    spoken = now?.spoken ?? spoken;
  });

  // -- keys: "/" to the search, "?" what there is, "g" and a letter to a page; off while somebody types
  let gone = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const palette = $("#palette");
      if (palette) { event.preventDefault(); palette.showModal(); } else { event.preventDefault(); $("#search")?.focus(); }
      return;
    }
    if (document.documentElement.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea, [contenteditable]") || $("dialog:modal")) return;
    if (event.key === "/") { event.preventDefault(); $("#search")?.focus(); }
    else if (event.key === "?") $("#keys")?.showModal();
    else if (event.key === "g") gone = Date.now();
    else if (Date.now() - gone < 1500) {
      gone = 0;
      const link = $(`[data-key="${CSS.escape(event.key)}"]`);
      if (link) location.assign(link.href);
    }
  });

  // -- back to a page that the browser kept: whoever signed out meanwhile sees nothing of it
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  addEventListener("offline", () => toast({ text: words.offline, kind: "bad" }));

  if ("serviceWorker" in navigator && document.documentElement.dataset.worker) {
    navigator.serviceWorker.register(document.documentElement.dataset.worker).then((found) => {
      found.addEventListener("updatefound", () => {
        const fresh = found.installing, before = navigator.serviceWorker.controller;
        fresh?.addEventListener("statechange", () => { if (fresh.state === "installed" && before) toast({ text: words.update }); });
      });
    }).catch(() => {});
  }
})();
