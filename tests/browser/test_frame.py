"""What the frame does with script: keys, menus, and the live regions' stream."""

from tests.browser.conftest import OpenPage
from tests.support.accounts import Account
from tests.support.factories import make_entry, make_project


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


def test_ctrl_k_finds_from_everywhere(account: Account, open_page_of: OpenPage) -> None:
    project = make_project(account, "Harbour map")
    page = open_page_of(account.owner, "/expenses")
    page.get_by_role("textbox", name="Log time").focus()

    page.keyboard.press("Control+k")
    page.keyboard.type("harb")
    page.get_by_role("dialog", name="Find").get_by_role("link", name="Harbour map").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="Harbour map").wait_for()
    assert page.url.endswith(f"/projects/{project['id']}")


def test_the_person_menu_signs_out(account: Account, open_page_of: OpenPage) -> None:
    page = open_page_of(account.contractor)

    page.get_by_role("button", name="You").click()
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("heading", name="Sign in").wait_for()


def test_a_cell_of_the_week_is_saved_when_it_is_left(account: Account, open_page_of: OpenPage) -> None:
    make_entry(account.owner, "painting", minutes=60, date="2024-05-20")
    page = open_page_of(account.owner, "/weeks/2024-W21")
    page.get_by_role("textbox", name="No project, painting, Monday 20 May").focus()

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("1:15")
    page.keyboard.press("Tab")

    page.get_by_role("row", name="Total").get_by_text("2.25").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == (
        "No project, painting, Thursday 23 May"
    )
    found = account.owner.client.get("/v2/entries").json()
    assert [(entry["date"], entry["minutes"]) for entry in found] == [("2024-05-22", 75), ("2024-05-20", 60)]


def test_a_project_is_completed_on_the_line_with_the_arrow_keys(account: Account, open_page_of: OpenPage) -> None:
    make_project(account, "Harbour map")
    page = open_page_of(account.owner)
    line = page.get_by_role("textbox", name="Log time")

    line.press_sequentially("45m ha")
    page.get_by_role("button", name="Harbour map").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert line.input_value() == "45m Harbour map "
    page.keyboard.press("Enter")

    page.get_by_text("Logged 45").wait_for()
