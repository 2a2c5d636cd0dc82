// Waits until nothing of the page is under way: fonts, htmx's requests, and what these moved.
async () => {
  const picture = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await document.fonts.ready;
  const end = performance.now() + 10000;
  while (document.querySelector(".htmx-request") && performance.now() < end) await picture();
  await picture();
  const moving = document.getAnimations();
  for (const animation of moving) {
    if (animation.effect && animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
    else animation.cancel();
  }
  if (moving.length) await picture();
};
