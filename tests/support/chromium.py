"""Chromium for the browser tests: a page that fails its test on any error, policy violation or foreign request."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

SETTING = "HOURHOOK_TEST_CHROMIUM"
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
# The folder for pictures of every page, which `tests/browser/test_every_page.py` then takes.
PICTURES = "HOURHOOK_TEST_PICTURES"
# Chromium says so of each page that is refused with a 4xx, which is no error of the page.
EXPECTED = "Failed to load resource: the server responded with a status of 4"
VIEWPORTS = {"desktop": (1200, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")


def find_chromium() -> str:
    """Return the path of Chromium; the test fails if there is none."""
    for name in (os.environ.get(SETTING), "chromium", "chromium-browser"):
        found = shutil.which(name) if name else None
        if found:
            return found
    pytest.fail(f"needs Chromium: install it (Debian, Ubuntu: apt install chromium) or name it in {SETTING}")


@dataclass
class Watched:
    """What a page must not do."""

    base_url: str
    problems: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.problems.append(f"error: {error.error}"))
        context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.problems.append(f"{message.type} on {message.page.url if message.page else '?'}: {message.text}")

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.base_url).netloc and not request.url.startswith("data:"):
            self.problems.append(f"request to {request.url}")


@contextmanager
def open_page(browser: Browser, base_url: str, cookies: dict[str, str], **options: Any) -> Iterator[Page]:
    """Open a page in a context of its own, with the cookies of a session; fail on what it must not do."""
    options = {"timezone_id": "Europe/Berlin", "reduced_motion": "reduce", **options}
    context = browser.new_context(base_url=base_url, **options)
    watched = Watched(base_url)
    watched.watch(context)
    context.add_cookies([{"name": name, "value": value, "url": base_url} for name, value in cookies.items()])
    page = context.new_page()
    page.set_default_timeout(10_000)
    try:
        yield page
    finally:
        context.close()
    assert watched.problems == []


def find_axe_violations(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical on a page."""
    # Evaluated by the debugger, which no policy of the page forbids.
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{page.url}: {violation['id']}: {node['html'][:120]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def take_picture(page: Page, name: str) -> None:
    """Save a picture of the whole page in the folder that ``HOURHOOK_TEST_PICTURES`` names, if it names one."""
    folder = os.environ.get(PICTURES)
    if folder:
        file = re.sub(r"[^\w]+", "-", name).strip("-")
        page.screenshot(path=Path(folder) / f"{file}.png", full_page=True)
