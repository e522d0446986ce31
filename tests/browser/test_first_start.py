"""From an empty server to the first entry, by clicking and typing."""

from playwright.sync_api import Browser

from tests.conftest import Server
from tests.support.chromium import open_page


def test_a_newcomer_creates_an_account_and_logs_time(server: Server, chromium: Browser) -> None:
    with open_page(chromium, server.base_url, {}) as page:
        page.goto("/")
        page.get_by_label("Account name").fill("northwind")
        page.get_by_label("First name").fill("Ada")
        page.get_by_label("Last name").fill("Byron")
        page.get_by_label("E-mail address").fill("ada@northwind.test")
        page.get_by_label("Choose a password").fill("correct horse")
        page.get_by_role("button", name="Create account").click()

        page.get_by_role("heading", name="Today").wait_for()
        page.get_by_text("Nothing logged yet today.").wait_for()
        page.keyboard.type("45m Harbour map #soundings")
        page.get_by_text("makes the tag #soundings").wait_for()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Create Harbour map and log").click()
        page.get_by_role("cell", name="Harbour map").wait_for()
        assert page.get_by_role("status").inner_text() == "Logged 45\N{NO-BREAK SPACE}min on Harbour map."
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("Nothing logged yet today.").wait_for()
        assert "Europe/Berlin" in page.get_by_role("contentinfo").inner_text()
