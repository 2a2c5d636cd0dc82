// Boxes that look one row up among many (templates/ui/lookup.html): the server finds, keys and pointer choose.
"use strict";
(() => {
  const boxOf = (node) => node.closest?.("[data-lookup]");
  const listOf = (box) => document.getElementById(box.getAttribute("aria-controls"));
  const options = (box) => [...listOf(box).querySelectorAll("[role=option][data-pk]")];
  const active = (box) => options(box).find((each) => each.getAttribute("aria-selected") === "true");
  const open = (box, wanted) => {
    listOf(box).hidden = !wanted;
    box.setAttribute("aria-expanded", String(wanted));
    if (!wanted) mark(box, -1);
  };
  const mark = (box, place) => {
    const all = options(box);
    const at = place < 0 || !all.length ? -1 : place % all.length;
    all.forEach((each, index) => each.setAttribute("aria-selected", String(index === at)));
    if (at < 0) { box.removeAttribute("aria-activedescendant"); return; }
    box.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const choose = (box, option) => {
    const several = box.closest(".lookup-several");
    if (several) {
      tick(several, option.dataset);
      box.value = "";
    } else box.value = `${option.dataset.words} #${option.dataset.pk}`;
    listOf(box).replaceChildren();
    open(box, false);
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const tick = (several, { pk, words }) => {
    const there = [...several.querySelectorAll("input[type=checkbox]")].find((each) => each.value === pk);
    if (there) { there.checked = true; return; }
    const label = document.createElement("label"), input = document.createElement("input"), text = document.createElement("span");
    label.className = "check";
    Object.assign(input, { type: "checkbox", name: several.dataset.of, value: pk, checked: true });
    text.textContent = words;
    label.append(input, text);
    several.prepend(label);
  };
  document.addEventListener("keydown", (event) => {
    const box = boxOf(event.target);
    if (!box || event.isComposing) return;
    const shown = !listOf(box).hidden, place = options(box).indexOf(active(box)), last = options(box).length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!shown) { htmx.trigger(box, "look"); return; }
      mark(box, event.key === "ArrowDown" ? place + 1 : place <= 0 ? last : place - 1);
    } else if (event.key === "Enter" && shown && active(box)) {
      event.preventDefault();
      choose(box, active(box));
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();
      event.stopPropagation();
      open(box, false);
    }
  }, true);
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest(".lookup [role=listbox]")) event.preventDefault();  // the box keeps the focus
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest(".lookup [role=option][data-pk]");
    if (option) choose(option.closest(".lookup").querySelector("[data-lookup]"), option);
  });
  document.addEventListener("focusout", (event) => { const box = boxOf(event.target); if (box) open(box, false); });
  document.addEventListener("htmx:configRequest", (event) => {
    // Only rows of the dealership that the form is about can be meant.
    const about = boxOf(event.detail.elt)?.form?.elements.namedItem("dealership")?.value;
    if (about) event.detail.parameters.dealership = about;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const box = event.detail.target.closest(".lookup")?.querySelector("[data-lookup]");
    if (box && box === document.activeElement) open(box, true);
  });
})();
