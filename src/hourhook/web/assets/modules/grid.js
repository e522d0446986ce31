// form[data-grid]: saves a cell as soon as it is left, and moves between cells with the arrow keys.
import { parse, replaceContent } from "./html.js";

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [1, 0] };

export function start(page) {
  for (const form of page.querySelectorAll("form[data-grid]")) {
    form.addEventListener("change", (event) => saveCell(page, form, event.target));
    form.addEventListener("focusin", (event) => event.target.select?.());
    form.addEventListener("keydown", (event) => move(form, event));
  }
}

async function saveCell(page, form, cell) {
  const [, row, day] = /^cell_(\d+)_(\d)$/.exec(cell.name) ?? [];
  if (!row) return;
  const names = ["csrf_token", "next", "person", `row_${row}`, cell.name, `was_${row}_${day}`];
  const body = new URLSearchParams(names.map((name) => [name, form.elements[name].value]));
  const region = form.querySelector("[data-live]");
  const headers = { "x-fragments": region.dataset.live };
  const response = await fetch(form.action, { method: "POST", body, headers }).catch(() => null);
  if (!response || (!response.ok && response.status !== 422)) {
    form.requestSubmit();
    return;
  }
  const focused = page.activeElement?.name;
  replaceContent(region, parse(await response.text()).querySelector("[data-live]"));
  if (focused) form.elements[focused]?.focus();
}

function move(form, event) {
  const step = MOVES[event.key];
  const cell = event.target.closest("td");
  if (!step || !cell || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target;
  const isInside = event.key === "ArrowLeft" ? field.selectionStart > 0 : field.selectionStart < field.value.length;
  if (step[1] && isInside && field.selectionStart === field.selectionEnd) return;
  const rows = [...form.querySelectorAll("tbody tr")];
  const target = rows[rows.indexOf(cell.parentElement) + step[0]]?.cells[cell.cellIndex + step[1]]?.querySelector("input:not([type=hidden])");
  event.preventDefault();
  target?.focus();
}
