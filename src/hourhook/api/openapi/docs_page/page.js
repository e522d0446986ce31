"use strict";
(() => {
  const filter = document.getElementById("filter");
  const noMatches = document.getElementById("no_matches");
  const entries = [...document.querySelectorAll("[data-words]")];
  const sections = [...document.querySelectorAll("nav section, main .group")];

  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const entry of entries) {
      entry.hidden = !words.every((word) => entry.dataset.words.includes(word));
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("[data-words]:not([hidden])");
    }
    noMatches.hidden = entries.some((entry) => !entry.hidden);
  };

  filter.hidden = false;
  filter.addEventListener("input", apply);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== filter) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === "Escape" && filter.value) {
      filter.value = "";
      apply();
    }
  });

  for (const button of document.querySelectorAll(".copy")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.nextElementSibling.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1200);
    });
  }

  const here = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      document.querySelector("nav a[aria-current]")?.removeAttribute("aria-current");
      document.querySelector(`nav li a[href="#${target.id}"]`)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "0px 0px -80% 0px" });
  document.querySelectorAll("main article").forEach((article) => here.observe(article));
})();
