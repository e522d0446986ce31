// data-ticking="SECONDS": an elapsed time that goes on, wherever the page shows it, and in the title of the window.
export function start(page) {
  const elements = [...page.querySelectorAll("[data-ticking]")];
  if (!elements.length) return;
  const startedAt = performance.now() - Number(elements[0].dataset.ticking) * 1000;
  const title = page.title;
  const show = () => {
    const seconds = Math.floor((performance.now() - startedAt) / 1000);
    const text = format(seconds);
    for (const element of elements) element.textContent = text;
    page.title = `${text} · ${title}`;
  };
  show();
  setInterval(show, 1000);
}

function format(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600).toLocaleString("en-US");
  return `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
