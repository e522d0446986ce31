// data-live="NAME": a region that follows what happens. One stream a page says that something changed; the page then
// asks for its regions through its own address. The stream is closed while the tab is hidden.
import { parse, replaceContent } from "./html.js";

export function start(page) {
  const address = page.body.dataset.liveStream;
  if (!address || !page.querySelector("[data-live]")) return;
  let stream = null;
  let isAsking = false;
  let isStale = false;

  async function refresh() {
    if (isAsking) {
      isStale = true;
      return;
    }
    isAsking = true;
    do {
      isStale = false;
      await ask(page);
    } while (isStale);
    isAsking = false;
  }

  function follow() {
    if (page.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource(address);
      // The first event comes at once, so that nothing is missed in between.
      stream.addEventListener("changed", refresh);
    }
  }

  page.addEventListener("visibilitychange", follow);
  follow();
}

async function ask(page) {
  const regions = [...page.querySelectorAll("[data-live]")].filter((region) => !isInUse(page, region));
  if (!regions.length) return;
  const names = regions.map((region) => region.dataset.live).join(" ");
  const response = await fetch(location.href, { headers: { "x-fragments": names } }).catch(() => null);
  if (!response) return;
  if (!response.ok) {
    location.reload();
    return;
  }
  const fragments = parse(await response.text());
  for (const region of regions) {
    const fragment = fragments.querySelector(`[data-live="${CSS.escape(region.dataset.live)}"]`);
    if (fragment && replaceContent(region, fragment)) region.dispatchEvent(new Event("live", { bubbles: true }));
  }
}

// What somebody is working in must not move under their hands.
function isInUse(page, region) {
  return region.dataset.livePaused === "true" || (region.contains(page.activeElement) && page.activeElement !== page.body);
}
