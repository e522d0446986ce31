// data-due="MILLISECONDS": how far off a time is, by the second. The page says what time it is on the server, so that
// the clock of the browser need not be right.
export function start(page) {
  const ahead = Number(page.body.dataset.now) - Date.now();
  const show = () => {
    for (const element of page.querySelectorAll("[data-due]")) {
      const text = format((Number(element.dataset.due) - ahead - Date.now()) / 1000);
      if (element.textContent !== text) element.textContent = text;
    }
  };
  // Four times as often as it changes, so that no second is seen twice as long as another.
  setInterval(show, 250);
}

// As `Display.span` of the server.
function format(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}\u00a0s`;
  if (whole < 86_400) return formatMinutes(Math.round(whole / 60));
  const days = Math.round(whole / 86_400);
  return `${days}\u00a0${days === 1 ? "day" : "days"}`;
}

function formatMinutes(minutes) {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [hours && `${hours}\u00a0h`, (rest || !hours) && `${rest}\u00a0min`].filter(Boolean).join("\u00a0");
}
