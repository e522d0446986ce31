// form[data-submit]: send the form as soon as something is chosen.
export function start(page) {
  for (const form of page.querySelectorAll("form[data-submit]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
}
