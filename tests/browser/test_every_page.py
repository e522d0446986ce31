"""Every page: nothing serious for axe, no sideways scrolling, light and dark, on a desktop and on a phone."""

import os
from itertools import product

import pytest

from tests.browser.conftest import OpenPage
from tests.support.accounts import Account
from tests.support.backlogs import Backlog
from tests.support.chromium import PICTURES, SCHEMES, VIEWPORTS, find_axe_violations, scrolls_sideways, take_picture
from tests.support.full_account import populate_account

PATHS = (
    "/",
    "/days/2024-05-21",
    "/weeks/2024-W21",
    "/entries?from=",
    "/entries/new",
    "/entries/{entry_id}",
    "/entries/{entry_id}/edit",
    "/entries/{entry_id}/delete",
    "/approvals/2024-W21",
    "/expenses",
    "/expenses/new",
    "/expenses/{expense_id}/edit",
    "/expenses/{expense_id}/delete",
    "/inbox",
    "/inbox/{inbox_entry_id}",
    "/inbox/{inbox_entry_id}/discard",
    "/timers",
    "/projects",
    "/projects/new",
    "/projects/{project_id}",
    "/projects/{project_id}/merge",
    "/groups",
    "/groups/{project_group_id}/edit",
    "/tags",
    "/tags/{tag_id}/edit",
    "/invoices",
    "/invoices/new",
    "/invoices/{invoice_id}",
    "/invoices/{invoice_id}/edit",
    "/invoices/{invoice_id}/entries",
    "/invoices/{invoice_id}/expenses",
    "/invoices/{invoice_id}/add",
    "/invoices/{invoice_id}/delete",
    "/reports?from=2024-01-01&to=2024-12-31&group_by=project&then_by=month",
    "/timers/{project_id}/discard",
    "/integrations/webhooks",
    "/integrations/webhooks/new",
    "/integrations/webhooks/try",
    "/integrations/webhooks/{webhook_id}",
    "/integrations/webhooks/{webhook_id}/test",
    "/integrations/webhooks/{webhook_id}/settings",
    "/integrations/webhooks/{webhook_id}/reroll",
    "/integrations/webhooks/{webhook_id}/history",
    "/integrations/tokens",
    "/integrations/broadcasts",
    "/integrations/broadcasts/new",
    "/integrations/broadcasts/{broadcast_receiver_id}",
    "/integrations/broadcasts/{broadcast_receiver_id}/edit",
    "/integrations/broadcasts/{broadcast_receiver_id}/reroll",
    "/integrations/broadcasts/{broadcast_receiver_id}/delete",
    "/integrations/apps",
    "/integrations/apps/new",
    "/integrations/apps/{application_id}",
    "/integrations/apps/{application_id}/delete",
    "/people",
    "/people/new",
    "/people/{user_id}",
    "/people/{user_id}/edit",
    "/people/{user_id}/access",
    "/people/{user_id}/delete",
    "/teams",
    "/teams/new",
    "/teams/{team_id}/edit",
    "/teams/{team_id}/delete",
    "/find?q=project",
    "/account",
    "/account/audit",
    "/me",
    "/me/password",
    "/me/sessions",
    "/help",
    "/help/events",
    "/help/events/invoice.updated.paid",
    "/help/verifying",
    "/help/delivery",
)

# A word that has to be broken on a phone.
LONG_NAME = "Quartalsabschlussbuchhaltungen"
# The width of the smallest phones.
NARROWEST = 320

# Each width and each scheme once; for pictures, all of them.
LOOKS = [*product(VIEWPORTS, SCHEMES)] if PICTURES in os.environ else [("desktop", "light"), ("phone", "dark")]


def stall_a_webhook(account: Account, webhook_id: int) -> None:
    """Rename a webhook and let it stall, so that each page has a notice."""
    account.leader.client.put(f"/v2/webhooks/{webhook_id}", {"name": LONG_NAME})
    Backlog(account.database, account.id, webhook_id).attempt(503, retry_seconds=None, said=LONG_NAME)


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS)
def test_every_page_is_accessible_and_fits(
    account: Account, open_page_of: OpenPage, viewport: str, scheme: str
) -> None:
    ids = populate_account(account, LONG_NAME, actor=account.owner)
    stall_a_webhook(account, int(ids["webhook_id"]))
    width, height = VIEWPORTS[viewport]
    page = open_page_of(account.owner, color_scheme=scheme, viewport={"width": width, "height": height})
    problems = []
    for path in (path.format(**ids) for path in PATHS):
        page.goto(path)
        problems += find_axe_violations(page)
        problems += [f"{path} scrolls sideways"] if scrolls_sideways(page) else []
        take_picture(page, f"{viewport}-{scheme}-{path}")
        if viewport == "phone":
            page.set_viewport_size({"width": NARROWEST, "height": height})
            problems += [f"{path} scrolls sideways where it is narrow"] if scrolls_sideways(page) else []
            page.set_viewport_size({"width": width, "height": height})

    assert problems == []
