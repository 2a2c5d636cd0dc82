// The board: cards are dragged, or moved by a dialog. A move is shown at once and taken back if it is refused.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const board = $(".board");
  if (!board) return;
  const words = JSON.parse($("#words")?.textContent || "{}");
  const toast = (detail) => document.dispatchEvent(new CustomEvent("toast", { detail }));
  const statusOf = (card) => card.closest(".col").dataset.status;
  const ways = (card) => card.closest(".col").dataset.ways.split(" ").filter(Boolean);
  const column = (status) => $(`.col[data-status="${CSS.escape(status)}"]`);
  const focus = (card) => ($("[data-mover]", card) || $("h3 a", card)).focus({ preventScroll: true });

  const move = async (card, status, more = {}) => {
    const from = card.parentNode, next = card.nextElementSibling, seen = statusOf(card);
    if (status === seen) return;
    $("ol", column(status)).prepend(card);
    let told = {}, kept = false;
    try {
      const answer = await fetch(board.dataset.move.replace("/0/", `/${card.dataset.id}/`) + location.search, {
        method: "POST",
        headers: { "X-CSRFToken": $("meta[name=csrf-token]")?.content || "" },
        body: new URLSearchParams({ status, seen, ...more }),
      });
      kept = answer.ok && !answer.redirected;
      if (kept || answer.status === 409) told = await answer.json();
      else told = { words: { 403: words.forbidden, 404: words.gone }[answer.status] || words.failed };
    } catch { kept = false; told = { words: words.offline }; }
    if (kept) {
      for (const [name, { count, sum }] of Object.entries(told.columns)) {
        $("[data-count]", column(name)).textContent = count;
        $("[data-sum]", column(name)).textContent = sum;
      }
      if (!ways(card).length) { card.removeAttribute("draggable"); $("[data-mover]", card)?.remove(); }
    } else from.insertBefore(card, next);
    toast({ text: told.words || words.failed, kind: kept ? "ok" : "bad" });
    focus(card);
  };

  // -- dialogs: where to, and for a closed lead why
  let chosen = null;
  const open = (id, card) => {
    const dialog = document.getElementById(id);
    chosen = card;
    $("[data-name]", dialog).textContent = $("h3", card).textContent;
    $("form", dialog).reset();
    dialog.returnValue = "";
    dialog.showModal();
  };
  const go = (card, status) => {
    if (!ways(card).includes(status)) return move(card, status); // the server says why not
    if (status === "won" || status === "lost") return open(`close-${status}`, card);
    return move(card, status);
  };
  document.addEventListener("click", (event) => {
    const mover = event.target.closest("[data-mover]");
    if (!mover || event.ctrlKey || event.metaKey) return;
    const card = mover.closest(".job");
    event.preventDefault();
    open(`move-${statusOf(card)}`, card);
  });
  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.(".job");
    if (!card || event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey || document.documentElement.dataset.keys === "off") return;
    const mover = $("[data-mover]", card);
    if (mover) { event.preventDefault(); mover.click(); }
  });
  $$("dialog[id^=move-], dialog[id^=close-]").forEach((dialog) => dialog.addEventListener("close", () => {
    const card = chosen, status = dialog.returnValue;
    if (!card) return;
    if (!status) return focus(card);
    if (dialog.id.startsWith("close-")) return move(card, status, Object.fromEntries(new FormData($("form", dialog))));
    return go(card, status);
  }));

  // -- dragging; the board scrolls along at its edges
  let dragged = null;
  const over = (col) => $$(".col.over").forEach((each) => each !== col && each.classList.remove("over"));
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".job[draggable]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.id);
    requestAnimationFrame(() => dragged?.classList.add("drag"));
  });
  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const edge = board.getBoundingClientRect();
    if (event.clientX > edge.right - 60) board.scrollLeft += 12;
    if (event.clientX < edge.left + 60) board.scrollLeft -= 12;
    const col = event.target.closest(".col");
    over(col);
    if (col) { event.preventDefault(); col.classList.add("over"); }
  });
  document.addEventListener("drop", (event) => {
    const col = event.target.closest(".col");
    if (!dragged || !col) return;
    event.preventDefault();
    go(dragged, col.dataset.status);
  });
  document.addEventListener("dragend", () => { dragged?.classList.remove("drag"); over(null); dragged = null; });
})();
