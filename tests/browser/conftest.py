"""Fixtures of the browser tests: one Chromium a module, a context for each page, SQLite only."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.accounts import Account, Person
from tests.support.chromium import find_chromium, open_page
from tests.support.oauth_clients import signed_in_browser

OpenPage = Callable[..., Page]


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """The URL of a fresh SQLite database: what a page shows does not depend on the database."""
    with request.getfixturevalue("_sqlite_files").fresh(tmp_path) as url:
        yield url


# Not for the whole session: while Playwright runs, its event loop counts as the running one of this thread, and a test
# of another module could start none.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # As root, in a container, Chromium cannot make its sandbox.
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page_of(account: Account, chromium: Browser) -> Iterator[OpenPage]:
    """Open a page in which a person of the account is signed in; further arguments are those of the context."""
    with ExitStack() as stack:

        def open_(person: Person, path: str = "/", **options: Any) -> Page:
            cookies = signed_in_browser(account, person).cookies
            page = stack.enter_context(open_page(chromium, account.base_url, cookies, **options))
            page.goto(path)
            return page

        yield open_
