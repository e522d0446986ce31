// data-copy="ID": a button that copies the text or the value of an element, and says so.
export function start(page) {
  page.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = page.getElementById(button.dataset.copy);
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      button.textContent = "Copied";
    } catch {
      source.select?.();
      button.textContent = "Press Ctrl C";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
