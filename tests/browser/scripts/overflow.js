// What makes the page wider than the window: the widest elements that no ancestor scrolls or clips.
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
  const held = (element) => {
    for (let each = element.parentElement; each && each !== document.body; each = each.parentElement) {
      if (getComputedStyle(each).overflowX !== "visible") return true;
    }
    return false;
  };
  const wide = [...document.body.querySelectorAll("*")].filter(
    (element) => element.getBoundingClientRect().right > width + 1 && !held(element),
  );
  const found = wide.slice(0, 5).map((element) => {
    const right = Math.round(element.getBoundingClientRect().right);
    return `${element.cloneNode(false).outerHTML.slice(0, 120)} reaches to ${right} of ${width}`;
  });
  return found.length ? found : [`the page is ${document.documentElement.scrollWidth} wide in a window of ${width}`];
};
