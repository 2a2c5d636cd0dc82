// A vehicle's photos: dropped together and sent two at a time, each with its progress; put in order by dragging.
"use strict";
(() => {
  const AT_ONCE = 2;
  const token = () => document.querySelector("meta[name=csrf-token]")?.content || "";
  const line = (list, name) => {
    const item = document.createElement("li"), bar = document.createElement("progress");
    const label = Object.assign(document.createElement("span"), { textContent: name });
    bar.max = 100; bar.value = 0; bar.setAttribute("aria-label", name);
    item.append(label, bar);
    list.append(item);
    return { item, bar };
  };

  const send = (address, file, kind, { item, bar }) => new Promise((done) => {
    const body = new FormData(), xhr = new XMLHttpRequest();
    body.append("photo", file); body.append("kind", kind);
    xhr.open("POST", address);
    xhr.setRequestHeader("X-CSRFToken", token());
    xhr.setRequestHeader("Accept", "application/json");
    xhr.upload.onprogress = (event) => { bar.value = event.lengthComputable ? 95 * event.loaded / event.total : 50; };
    xhr.onloadend = () => {
      let problems = [];
      try { problems = JSON.parse(xhr.responseText).problems; } catch { problems = xhr.status === 201 ? [] : [document.body.dataset.failed || String(xhr.status)]; }
      if (xhr.status === 201) item.remove();
      else {
        bar.remove();
        item.className = "error";
        item.append(` ${(problems || []).join(" ")}`);
      }
      done(xhr.status === 201);
    };
    xhr.send(body);
  });

  const sendAll = async (form, files) => {
    const list = form.querySelector(".uploads"), address = form.dataset.photos, kind = form.elements.kind.value;
    list.replaceChildren();
    const waiting = files.map((file) => [file, line(list, file.name)]);
    form.setAttribute("aria-busy", "true");
    const lane = async () => { for (let next = waiting.shift(); next; next = waiting.shift()) await send(address, next[0], kind, next[1]); };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    form.removeAttribute("aria-busy");
    form.elements.photo.value = "";
    const refused = [...list.children];
    await window.htmx.ajax("GET", address, { target: "#photos", swap: "outerHTML" });
    document.querySelector("#photos .uploads")?.append(...refused);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-photos]");
    if (!form || !form.elements.photo.files.length) return;
    event.preventDefault();
    sendAll(form, [...form.elements.photo.files]);
  });

  // -- dropping files, and dragging photos
  let dragged = null;
  const over = (event) => event.target.closest?.(dragged ? ".thumbs > li" : ".drop");
  document.addEventListener("dragstart", (event) => { dragged = event.target.closest?.(".thumbs[data-order] > li"); });
  document.addEventListener("dragend", () => { dragged = null; });
  document.addEventListener("dragover", (event) => {
    const place = over(event);
    if (!place) return;
    event.preventDefault();
    if (dragged && place !== dragged && place.parentNode === dragged.parentNode) {
      const box = place.getBoundingClientRect(), after = event.clientX > box.left + box.width / 2;
      place.parentNode.insertBefore(dragged, after ? place.nextSibling : place);
    }
  });
  document.addEventListener("drop", (event) => {
    const place = over(event);
    if (!place) return;
    event.preventDefault();
    if (dragged) {
      const list = dragged.parentNode, photo = [...list.children].map((each) => each.dataset.photo);
      window.htmx.ajax("POST", list.dataset.order, { target: "#photos", swap: "outerHTML", values: { photo } });
    } else if (event.dataTransfer.files.length) sendAll(place, [...event.dataTransfer.files]);
  });

  // -- the large photo: a small one is chosen by a click or the arrows
  const show = (link) => {
    const main = document.querySelector(".gallery .main"), large = main?.querySelector("img"), small = link.querySelector("img");
    if (!large) return;
    main.href = link.href; large.src = link.href; large.alt = small.alt;
    for (const each of document.querySelectorAll(".thumbs [aria-current]")) each.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show]");
    if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); show(link); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const link = event.target.closest?.("[data-show]");
    const next = link?.closest("li")[event.key === "ArrowRight" ? "nextElementSibling" : "previousElementSibling"]?.querySelector("[data-show]");
    if (next) { event.preventDefault(); next.focus(); show(next); }
  });
})();
