"""The web app in Chromium: ``python -m bench.web_app [FOLDER]``; pictures of each step are saved in the folder.

1. From an empty server to a webhook whose ping was answered, by clicking and typing only, at the speed of a person.
2. The first view of Today: bytes, first paint, and how much moves while it loads.
3. Twenty open log pages: statements at rest, the end on SIGTERM, and whether they go on after a restart.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.databases import Databases
from bench.server_under_test import Server
from bench.tables import print_table
from tests.support.chromium import find_chromium

KEY_MS = 60
READING_MS = 1_000
# Below, most people have not moved on; above, a page feels slow.
SESSIONS, PAGES_PER_SESSION = 5, 4
REST_SECONDS = 10
RESTART_MS = 30_000
EMAIL, PASSWORD = "ada@northwind.test", "correct horse"
# What the browser has loaded and painted, and how far its layout has shifted.
FIGURES = """async () => {
    const seen = (type) => new Promise((resolve) => {
        new PerformanceObserver((list) => resolve(list.getEntries())).observe({ type, buffered: true });
        setTimeout(() => resolve([]), 300);
    });
    const [navigation] = performance.getEntriesByType("navigation");
    const resources = performance.getEntriesByType("resource");
    const shifts = await seen("layout-shift");
    const largest = await seen("largest-contentful-paint");
    return {
        kib: [navigation, ...resources].reduce((sum, entry) => sum + entry.transferSize, 0) / 1024,
        requests: 1 + resources.length,
        first: performance.getEntriesByName("first-contentful-paint")[0].startTime,
        largest: largest.at(-1)?.startTime ?? 0,
        shift: shifts.reduce((sum, entry) => sum + entry.value, 0),
    };
}"""


class Receiver(ThreadingHTTPServer):
    """A webhook receiver that answers 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.received: list[str] = []
        self.uri = f"http://127.0.0.1:{self.server_address[1]}/hooks/time"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert isinstance(self.server, Receiver)
        self.server.received.append(payload["type"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class Newcomer:
    """A person who types, clicks and reads, and whom a picture follows."""

    def __init__(self, page: Page, folder: Path | None) -> None:
        self.page = page
        self._folder = folder
        self._started_at = time.monotonic()
        self.steps: list[tuple[str, str]] = []

    def read(self, step: str) -> None:
        """Look at a page for a second; the step is done."""
        self.page.wait_for_timeout(READING_MS)
        self.steps.append((step, f"{time.monotonic() - self._started_at:.1f}"))
        if self._folder:
            self.page.screenshot(path=self._folder / f"{len(self.steps)}.png")

    def type(self, *texts: str) -> None:
        """Type into the field that has the focus, and into those that follow."""
        for index, text in enumerate(texts):
            if index:
                self.page.keyboard.press("Tab")
            self.page.keyboard.type(text, delay=KEY_MS)

    def click(self, role: str, name: str) -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]


def create_first_webhook(context: BrowserContext, server: Server, receiver: Receiver, folder: Path | None) -> str:
    """Go from an empty server to an answered ping; return the address of the webhook's page."""
    page = context.new_page()
    newcomer = Newcomer(page, folder)
    page.goto(f"http://127.0.0.1:{server.port}/")
    newcomer.read("Welcome")
    newcomer.type("northwind", "Ada", "Byron", EMAIL, PASSWORD)
    newcomer.click("button", "Create account")
    newcomer.read("Today")
    newcomer.click("link", "Integrations")
    newcomer.read("Webhooks")
    newcomer.click("link", "New webhook")
    newcomer.read("New webhook")
    newcomer.click("textbox", "Name")
    newcomer.type("Ledger sync", receiver.uri)
    newcomer.click("checkbox", "All events, present and future")
    newcomer.click("button", "Create webhook")
    expect(page.get_by_text("Answered 204 in")).to_be_visible()
    newcomer.read("Keep this secret: answered 204")
    newcomer.click("link", "Continue")
    newcomer.read("Ledger sync")
    print_table("From an empty server to an answered ping", ("step", "seconds"), newcomer.steps)
    print(f"\nThe receiver has received {', '.join(receiver.received)}.")
    return page.url


def measure_first_view(browser: Browser, context: BrowserContext, server: Server) -> None:
    """Print what the first view of Today weighs, and when it is painted, with nothing in the browser's cache."""
    fresh = browser.new_context(storage_state=context.storage_state())
    page = fresh.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/", wait_until="load")
    page.wait_for_timeout(READING_MS)
    found = page.evaluate(FIGURES)
    print_table(
        "First view of Today",
        ("KiB", "requests", "first paint, ms", "largest paint, ms", "layout shift"),
        [(f"{found['kib']:.1f}", str(found["requests"]), f"{found['first']:.0f}", f"{found['largest']:.0f}",
          f"{found['shift']:.4f}")],
    )  # fmt: skip
    fresh.close()


def measure_open_pages(browser: Browser, server: Server, url: str, address: str) -> None:
    """Print what twenty open log pages cost at rest, and that they survive a restart."""
    without = rest(server)
    pages = [page for _ in range(SESSIONS) for page in open_pages(browser, address)]
    with_pages = rest(server)
    ended = server.terminate()
    with Server(url, port=server.port):
        started_at = time.monotonic()
        for page in pages:
            expect(page.get_by_role("status", name="Live")).to_be_visible(timeout=RESTART_MS)
        live_again = time.monotonic() - started_at
        log_time(pages[0].context, address)
        for page in pages:
            expect(page.get_by_role("row", name="entry.created")).to_be_visible(timeout=RESTART_MS)
    print_table(
        f"{len(pages)} open log pages",
        (
            f"statements in {REST_SECONDS} s, processor: without pages",
            "with them",
            "seconds from SIGTERM to the end",
            "seconds until all are live again",
            "pages that show the next event",
        ),
        [(without, with_pages, f"{ended:.2f}", f"{live_again:.1f}", str(len(pages)))],
    )


def rest(server: Server) -> str:
    """Return how many statements the server executes while nothing happens, and how busy its processor is."""
    time.sleep(2)
    measured = []
    # Twice, since maintenance comes once a minute.
    for _ in range(2):
        statements, cpu = server.count(), server.cpu_seconds
        time.sleep(REST_SECONDS)
        measured.append((server.count() - statements, 100 * (server.cpu_seconds - cpu) / REST_SECONDS))
    fewest, busy = min(measured)
    return f"{fewest}, {busy:.1f} %"


def open_pages(browser: Browser, address: str) -> Iterator[Page]:
    """Sign in, and open as many pages as one session may have streams."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Ledger sync").wait_for()
    yield page
    for _ in range(PAGES_PER_SESSION - 1):
        another = context.new_page()
        another.goto(address)
        yield another


def log_time(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(address)
    page.get_by_role("textbox", name="Log time").fill("45m #soundings")
    page.keyboard.press("Enter")
    page.get_by_text("Logged 45").wait_for()
    page.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


def main(folder: Path | None) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    receiver = Receiver()
    with (
        chromium() as browser,
        Databases() as databases,
        databases.fresh("sqlite") as url,
        Server(url, is_watched=True) as server,
    ):
        context = browser.new_context()
        address = create_first_webhook(context, server, receiver, folder)
        measure_first_view(browser, context, server)
        context.close()
        measure_open_pages(browser, server, url, address)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
