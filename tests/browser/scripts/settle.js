// Waits until nothing of the page is under way: fonts, htmx's requests, transitions; then for the next picture.
async () => {
  const picture = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await document.fonts.ready;
  const end = performance.now() + 10000;
  while (document.querySelector(".htmx-request") && performance.now() < end) await picture();
  await picture();
  for (const animation of document.getAnimations()) {
    if (animation.effect && animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
    else animation.cancel();
  }
  await picture();
};
