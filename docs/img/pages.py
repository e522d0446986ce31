"""Take docs/img/webhook.png and docs/img/today.png from a real demo: ``python docs/img/pages.py`` (half a minute).

The first shows the webhook whose receiver fails, the second the day of a person of the demo's agency. A light and a
dark picture of each are taken.
"""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.chromium import find_chromium  # noqa: E402

LINK = re.compile(r"http://\S+/sign_in/link/\S+")
FAILING = re.compile(r"retry after \d+ s")
WIDTH, HEIGHT = 1100, 800
# So that a few payloads wait behind the one that fails.
SECONDS_OF_FAILURE = 3


def main() -> None:
    with sync_playwright() as playwright, running_demo() as lines:
        link = next(found[0] for line in lines if (found := LINK.search(line)))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5)
        page.goto(link)
        next(line for line in lines if FAILING.search(line))
        page.wait_for_timeout(SECONDS_OF_FAILURE * 1000)
        take(page, "webhook")
        page.goto(urljoin(link, "/"))
        take(page, "today")
        browser.close()


def take(page: Page, name: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        suffix = "" if scheme == "light" else "-dark"
        page.screenshot(path=Path(__file__).with_name(f"{name}{suffix}.png"))


@contextmanager
def running_demo() -> Iterator[Iterator[str]]:
    """Run the demo; yield its lines as they come."""
    command = [sys.executable, "-m", "hourhook", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as demo:
        assert demo.stdout is not None
        yield iter(demo.stdout.readline, "")
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()


if __name__ == "__main__":
    main()
