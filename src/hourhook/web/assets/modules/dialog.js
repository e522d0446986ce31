// a[data-dialog]: opens the page behind a link, which says what an act does, in a dialog; its "Cancel" closes it.
import { parse } from "./html.js";

export function start(page) {
  page.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const response = await fetch(link.href).catch(() => null);
    const found = response?.ok && !response.redirected ? parse(await response.text()) : null;
    const content = found && [found.querySelector("main h1"), found.querySelector("main .sheet")];
    if (content?.every(Boolean)) show(page, content);
    else location.assign(link.href);
  });
}

function show(page, [heading, sheet]) {
  const dialog = page.createElement("dialog");
  const title = page.createElement("h2");
  title.id = "dialog-title";
  title.textContent = heading.textContent;
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.className = "act";
  dialog.append(title, ...sheet.childNodes);
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("a")?.textContent.trim() !== "Cancel") return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  page.body.append(dialog);
  dialog.showModal();
}
