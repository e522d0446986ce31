// form[data-sequences="FIELD"]: a file of numbers fills the field, and long lists are sent as ranges, since they are part
// of an address.
const LONG = 2000;

export function start(page) {
  for (const form of page.querySelectorAll("form[data-sequences]")) {
    const field = form.elements[form.dataset.sequences];
    const file = form.querySelector("input[type=file]");
    file.closest("[hidden]").hidden = false;
    file.addEventListener("change", async () => {
      const text = await file.files[0]?.text();
      if (text !== undefined) field.value = shorten(text);
    });
    form.addEventListener("submit", () => { field.value = shorten(field.value); });
  }
}

// A text with anything but numbers is left alone: the page says what in it cannot be read.
function shorten(text) {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  if (text.length < LONG || !words.every((word) => /^\d{1,15}$/.test(word))) return text;
  const ranges = [];
  for (const number of words.map(Number).sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join(", ");
}
