// [data-tabs]: groups of <details> become tabs, one of which is shown (ARIA Authoring Practices, Tabs).
const MOVES = { ArrowLeft: -1, ArrowRight: 1 };

export function start(page) {
  for (const group of page.querySelectorAll("[data-tabs]")) {
    const panels = [...group.querySelectorAll("details")];
    const list = page.createElement("div");
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-labelledby", group.getAttribute("aria-labelledby"));
    const tabs = panels.map((panel, index) => {
      const tab = page.createElement("button");
      tab.type = "button";
      tab.id = `${group.id}-tab-${index}`;
      tab.textContent = panel.querySelector("summary").textContent;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", (panel.id ||= `${group.id}-panel-${index}`));
      panel.removeAttribute("name");
      panel.open = true;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      panel.querySelector("summary").hidden = true;
      return tab;
    });
    const select = (chosen) => tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", index === chosen);
      tab.tabIndex = index === chosen ? 0 : -1;
      panels[index].hidden = index !== chosen;
    });
    list.append(...tabs);
    list.addEventListener("click", (event) => event.target.matches("[role=tab]") && select(tabs.indexOf(event.target)));
    list.addEventListener("keydown", (event) => {
      if (!(event.key in MOVES)) return;
      const next = (tabs.indexOf(event.target) + MOVES[event.key] + tabs.length) % tabs.length;
      select(next);
      tabs[next].focus();
    });
    panels[0].before(list);
    select(0);
  }
}
