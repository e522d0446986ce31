// data-log="NAME": the controls of a log in the live region NAME. New rows come in at the top, unless somebody works in
// the table or has paused it: then known rows still show their state (not while paused), and a button says how many are
// new.
import { replaceContent } from "./html.js";

export function start(page) {
  for (const controls of page.querySelectorAll("[data-log]")) {
    const region = page.querySelector(`[data-live="${CSS.escape(controls.dataset.log)}"]`);
    if (region) follow(page, controls, region);
  }
}

function follow(page, controls, region) {
  const [news, status, toggle] = ["[data-news]", "[role=status]", "[data-toggle]"].map((name) => controls.querySelector(name));
  let isPaused = false;
  let isConnected = true;
  let pending = null;

  function showStatus() {
    status.textContent = isPaused ? "Paused" : isConnected ? "Live" : "Connecting…";
    status.setAttribute("aria-label", status.textContent);
  }

  function show(fragment) {
    const known = new Set(rowsOf(region).map((row) => row.dataset.row));
    pending = null;
    news.hidden = true;
    if (!replaceContent(region, fragment)) return;
    for (const row of rowsOf(region)) row.classList.toggle("new", !known.has(row.dataset.row));
  }

  function hold(fragment) {
    const count = countNew(region, fragment);
    pending = fragment;
    news.textContent = `${count.toLocaleString("en-US")} new`;
    news.hidden = count === 0;
  }

  region.addEventListener("fragment", (event) => {
    event.preventDefault();
    const fragment = event.detail;
    const isInUse = region.contains(page.activeElement);
    if (!isPaused && !isInUse) {
      show(fragment);
      return;
    }
    if (!isPaused) updateRows(page, region, fragment);
    hold(fragment);
  });
  region.addEventListener("focusout", () => setTimeout(() => {
    if (pending && news.hidden && !isPaused && !region.contains(page.activeElement)) show(pending);
  }));
  news.addEventListener("click", () => pending && show(pending));
  toggle.addEventListener("click", () => {
    isPaused = !isPaused;
    toggle.textContent = isPaused ? "Go on" : "Pause";
    showStatus();
    if (!isPaused && pending) show(pending);
  });
  page.addEventListener("live", (event) => {
    isConnected = event.detail;
    showStatus();
  });
  controls.hidden = false;
}

function rowsOf(region) {
  return [...region.querySelectorAll("tr[data-row]")];
}

// The first page shows only some of many new rows; the total of the log tells of the others.
function countNew(region, fragment) {
  const known = new Set(rowsOf(region).map((row) => row.dataset.row));
  const unknown = rowsOf(fragment).filter((row) => !known.has(row.dataset.row)).length;
  const total = (element) => Number(element.querySelector("[data-total]")?.dataset.total ?? 0);
  return unknown && Math.max(unknown, total(fragment) - total(region));
}

function updateRows(page, region, fragment) {
  const fresh = new Map(rowsOf(fragment).map((row) => [row.dataset.row, row]));
  for (const row of rowsOf(region)) {
    const cells = fresh.get(row.dataset.row)?.cells ?? [];
    [...cells].forEach((cell, index) => {
      if (!row.cells[index].contains(page.activeElement)) replaceContent(row.cells[index], cell.cloneNode(true));
    });
  }
}
