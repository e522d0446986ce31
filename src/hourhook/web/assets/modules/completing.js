// button[data-complete="TEXT"][data-from="N"] in a form: puts the text into the form's line, from its Nth character on.
// The arrow keys move between the line and such buttons; Escape goes back to the line.
export function start(page) {
  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-complete]");
    if (!button) return;
    const line = button.form.elements.line;
    line.value = `${line.value.slice(0, button.dataset.from)}${button.dataset.complete} `;
    line.focus();
    line.dispatchEvent(new Event("input", { bubbles: true }));
  });

  page.addEventListener("keydown", (event) => {
    const form = event.target.closest("form[data-preview]");
    const line = form?.elements.line;
    const step = { ArrowDown: 1, ArrowUp: -1, Escape: 0 }[event.key];
    if (!line || step === undefined) return;
    const stops = [line, ...form.querySelectorAll("[data-complete]")];
    const current = stops.indexOf(event.target);
    if (current < 0 || stops.length < 2) return;
    event.preventDefault();
    (step ? stops[(current + step + stops.length) % stops.length] : line).focus();
  });
}
