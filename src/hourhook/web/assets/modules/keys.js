// data-key="g d": the key or keys that click a link or a button, or focus a field. Never inside fields.
// Rows of a table with data-rows: j and k move, Enter opens the first link, e, x and r click what has that data-row-key.
const PAUSE = 1000;
let pressed = "";
let pressedAt = 0;

export function start(page) {
  page.addEventListener("keydown", (event) => {
    if (page.body.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]") || page.querySelector("dialog[open]")) return;
    const now = Date.now();
    pressed = now - pressedAt < PAUSE && pressed === "g" ? `g ${event.key}` : event.key;
    pressedAt = now;
    if (act(page, pressed) || moveInRows(page, pressed)) event.preventDefault();
  });
}

function act(page, key) {
  const elements = [...page.querySelectorAll("main [data-key]"), ...page.querySelectorAll("[data-key]")];
  const found = elements.find((element) => element.dataset.key === key);
  if (!found) return false;
  if (found.matches("input, select, textarea")) found.focus();
  else found.click();
  return true;
}

function moveInRows(page, key) {
  const rows = [...page.querySelectorAll("[data-rows] > tr")];
  const current = rows.findIndex((row) => row.contains(page.activeElement));
  if (key === "j" || key === "k") {
    const next = rows[key === "j" ? current + 1 : Math.max(current, 1) - 1];
    next?.querySelector("a, button, input")?.focus();
    return Boolean(next);
  }
  const target = current < 0 ? null : rows[current].querySelector(`[data-row-key="${CSS.escape(key)}"]`);
  target?.click();
  return Boolean(target);
}
