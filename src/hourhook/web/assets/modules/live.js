// data-live="NAME": a region that follows what happens. One stream a page says that something changed; the page then
// asks for its regions through its own address. The stream is closed while the tab is hidden. While the server is away,
// the page waits for it, and the document gets the event `live` with whether it is connected.
import { parse, replaceContent } from "./html.js";

const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 60_000;

export function start(page) {
  const address = page.body.dataset.liveStream;
  if (!address || !page.querySelector("[data-live]")) return;
  let stream = null;
  let timer = null;
  let wait = FIRST_WAIT;
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
      if (!await ask(page)) tryLater();
    } while (isStale);
    isAsking = false;
  }

  function tryLater() {
    if (timer) return;
    timer = setTimeout(() => {
      timer = null;
      if (page.hidden) return;
      follow();
      refresh();
    }, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }

  function follow() {
    if (page.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource(address);
      stream.addEventListener("open", () => tell(page, true));
      // The first event comes at once, so that nothing is missed in between.
      stream.addEventListener("changed", () => {
        wait = FIRST_WAIT;
        refresh();
      });
      stream.addEventListener("error", onError);
    }
  }

  // A browser connects again by itself after a stream has ended, but not after an answer that is no stream: that of a
  // proxy while the server restarts, of a session that has ended, or of one that has many streams already.
  function onError() {
    tell(page, false);
    if (stream?.readyState !== EventSource.CLOSED) return;
    stream = null;
    tryLater();
  }

  page.addEventListener("visibilitychange", follow);
  follow();
}

function tell(page, isConnected) {
  page.dispatchEvent(new CustomEvent("live", { detail: isConnected }));
}

/** Ask for the regions; return whether the server answered. */
async function ask(page) {
  const regions = [...page.querySelectorAll("[data-live]")].filter((region) => !isInUse(page, region));
  if (!regions.length) return true;
  const names = regions.map((region) => region.dataset.live).join(" ");
  const response = await fetch(location.href, { headers: { "x-fragments": names } }).catch(() => null);
  if (!response || response.status >= 500) return false;
  if (!response.ok) {
    // The notices alone are no reason to lose what somebody is typing.
    if (regions.some((region) => region.dataset.live !== "troubles")) location.reload();
    return true;
  }
  const fragments = parse(await response.text());
  for (const region of regions) {
    const fragment = fragments.querySelector(`[data-live="${CSS.escape(region.dataset.live)}"]`);
    // A behaviour of the region itself may show the fragment in its own way.
    const isOwn = fragment && !region.dispatchEvent(new CustomEvent("fragment", { detail: fragment, cancelable: true }));
    if (fragment && !isOwn) replace(page, region, fragment);
  }
  return true;
}

// What somebody is typing must not move under their hands. A region with data-live-own decides by itself.
function isInUse(page, region) {
  const isTyping = page.activeElement?.matches("input, select, textarea");
  return !("liveOwn" in region.dataset) && isTyping && region.contains(page.activeElement);
}

// The focus stays on the link or button that it was on, if that is still there.
function replace(page, region, fragment) {
  const focused = region.contains(page.activeElement) ? page.activeElement : null;
  if (!replaceContent(region, fragment) || !focused) return;
  const twin = [...region.querySelectorAll(focused.localName)].find((element) => element.outerHTML === focused.outerHTML);
  twin?.focus({ preventScroll: true });
}
