// dialog[data-palette]: Ctrl K opens it, and so does a link to its page. It shows what the page finds while somebody
// types; the arrow keys move through the results, and Enter opens the first one.
import { parse, replaceContent } from "./html.js";

const DELAY = 100;

export function start(page) {
  const dialog = page.querySelector("dialog[data-palette]");
  if (!dialog) return;
  const form = dialog.querySelector("form");
  const field = form.elements.q;
  const results = dialog.querySelector("[data-results]");
  let timer = 0;
  let latest = 0;

  function open(event) {
    event.preventDefault();
    if (dialog.open) return dialog.close();
    dialog.showModal();
    field.select();
  }

  async function ask() {
    const number = ++latest;
    const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
    const response = await fetch(address, { headers: { "x-fragments": "found" } }).catch(() => null);
    if (response?.ok && number === latest) replaceContent(results, parse(await response.text()).body.firstElementChild);
  }

  page.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k" && page.body.dataset.keys !== "off") open(event);
  });
  page.addEventListener("click", (event) => {
    if (event.target.closest(`.popup a[href="${new URL(form.action).pathname}"]`) && !event.ctrlKey) open(event);
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, DELAY);
  });
  form.addEventListener("submit", (event) => {
    const first = results.querySelector("a");
    if (!first) return;
    event.preventDefault();
    first.click();
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [field, ...results.querySelectorAll("a")];
    stops[(stops.indexOf(page.activeElement) + step + stops.length) % stops.length].focus();
  });
}
