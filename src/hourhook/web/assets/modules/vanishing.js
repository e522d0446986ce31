// data-vanish="SECONDS": an offer that holds for this long.
export function start(page) {
  for (const element of page.querySelectorAll("[data-vanish]")) {
    setTimeout(() => element.remove(), Number(element.dataset.vanish) * 1000);
  }
}
