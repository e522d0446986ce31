"""What the frame does with script: keys, menus, and the live regions' stream."""

from tests.browser.conftest import OpenPage
from tests.support.accounts import Account


def test_keys_click_links_but_not_inside_fields(account: Account, open_page_of: OpenPage) -> None:
    page = open_page_of(account.owner, "/integrations/webhooks")

    page.keyboard.press("l")
    page.keyboard.type("gd?")
    line = page.get_by_role("textbox", name="Log time")
    assert line.input_value() == "gd?"
    line.evaluate("field => field.blur()")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.get_by_role("heading", name="Today").wait_for()


def test_the_person_menu_signs_out(account: Account, open_page_of: OpenPage) -> None:
    page = open_page_of(account.contractor)

    page.get_by_role("button", name="You").click()
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("heading", name="Sign in").wait_for()
