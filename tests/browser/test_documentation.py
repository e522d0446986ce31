"""The API reference and the pages of the documentation in a browser."""

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import Server
from tests.support.chromium import find_axe_violations, open_page, scrolls_sideways


@pytest.mark.parametrize(("path", "scheme"), [("/docs/api/oauth", "light"), ("/docs/benchmarks", "dark")])
def test_a_page_is_accessible_and_fits_a_phone(server: Server, chromium: Browser, path: str, scheme: str) -> None:
    """One with an image and long examples, and one with a wide table."""
    with open_page(chromium, server.base_url, {}, color_scheme=scheme, viewport={"width": 390, "height": 844}) as page:
        page.goto(path)

        assert find_axe_violations(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_the_reference_fits_every_width(server: Server, chromium: Browser, width: int) -> None:
    with open_page(chromium, server.base_url, {}, viewport={"width": width, "height": 844}) as page:
        page.goto("/docs")

        assert not scrolls_sideways(page)


def test_a_reader_filters_the_reference_and_goes_on_to_a_guide(server: Server, chromium: Browser) -> None:
    with open_page(chromium, server.base_url, {}) as page:
        page.goto("/docs")
        page.keyboard.press("/")
        page.keyboard.type("pause timer")
        navigation = page.get_by_role("navigation")
        expect(navigation.get_by_role("link", name="PUT")).to_have_count(1)

        page.keyboard.press("Escape")
        page.get_by_role("link", name="documentation").click()
        page.get_by_role("main").get_by_role("link", name="Receive webhooks", exact=True).click()

        expect(page).to_have_title("Receive webhooks – Hourhook")
