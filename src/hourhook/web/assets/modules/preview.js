// form[data-preview="URL"]: while somebody types, ask the server what the form will become, and show it in its
// live region.
import { parse, replaceContent } from "./html.js";

const DELAY = 100;

export function start(page) {
  for (const form of page.querySelectorAll("form[data-preview]")) {
    let timer = 0;
    let latest = 0;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const number = ++latest;
        const fields = new URLSearchParams([...new FormData(form)].filter(([name]) => name !== "csrf_token"));
        const response = await fetch(`${form.dataset.preview}?${fields}`).catch(() => null);
        if (response?.ok && number === latest) replaceContent(form.querySelector("[aria-live]"), parse(await response.text()).body);
      }, DELAY);
    });
  }
}
