// fieldset[data-choices]: a whole group ticks its events, all events disable the rest, a field narrows the list, and an
// output counts what is ticked.
export function start(page) {
  for (const choices of page.querySelectorAll("fieldset[data-choices]")) {
    const narrow = choices.querySelector("[data-narrow]");
    const count = narrow.querySelector("output");
    // How many of the last events these would have been.
    const after = choices.closest("form").querySelector("[data-after]");
    const everything = choices.querySelector('input[value="*"]');
    const groups = [...choices.querySelectorAll(".choices > fieldset")].map((group) => {
      const [whole, ...events] = group.querySelectorAll("input[type=checkbox]");
      if (whole.checked) for (const event of events) event.checked = true;
      return { group, whole, events };
    });

    const show = () => {
      const all = groups.flatMap(({ events }) => events);
      for (const { whole, events } of groups) {
        const ticked = events.filter((event) => event.checked).length;
        whole.checked = ticked === events.length;
        whole.indeterminate = ticked > 0 && ticked < events.length;
        for (const box of [whole, ...events]) box.disabled = everything.checked;
      }
      const ticked = all.filter((event) => event.checked).length;
      if (after) {
        const chosen = all.filter((event) => everything.checked || event.checked);
        const sum = chosen.reduce((total, event) => total + Number(event.dataset.count), 0);
        after.querySelector("strong").textContent = sum.toLocaleString("en-US");
        after.hidden = false;
      }
      count.textContent = everything.checked ? "All events" : `${ticked} of ${all.length} events`;
    };

    choices.addEventListener("change", (event) => {
      const found = groups.find(({ whole }) => whole === event.target);
      for (const box of found?.events ?? []) box.checked = found.whole.checked;
      show();
    });
    narrow.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      for (const { group, events } of groups) {
        for (const box of events) box.closest("label").hidden = !box.value.includes(wanted);
        group.hidden = events.every((box) => !box.value.includes(wanted));
      }
      event.stopPropagation();
    });
    // Enter in the filter must not send the form.
    narrow.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    narrow.hidden = false;
    show();
  }
}
