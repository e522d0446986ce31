"""``/account``: the account's features and limits, how an administrator changes them, and who changed what."""

import shlex

from hourhook.domain import accounts
from hourhook.domain.audit import reading
from hourhook.domain.audit.reading import AuditFilters
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Pagination
from hourhook.web.audit import SHOWN_ON_ACCOUNT, describe
from hourhook.web.pages import Pages, Values, View

pages = Pages()


@pages.get("/account", template="account/show", role="supervisor")
def show(view: View) -> Values:
    account, caller = accounts.show(view.tx, view.caller), view.caller
    settings = (
        ("Invoicing", "on" if caller.invoicing_enabled else "off", "invoicing"),
        ("Approvals", "on" if caller.approvals_enabled else "off", "approvals"),
        ("Most active people", _limit(caller.max_users), "max_users"),
        ("Most active projects", _limit(caller.max_projects), "max_projects"),
        ("Lowest role that creates tags", caller.tag_creation_role, "tag_creation_role"),
        (
            "Billing increment of new projects, in minutes",
            caller.default_billing_increment,
            "default_billing_increment",
        ),
    )
    command = f"hourhook account set --account {shlex.quote(account.name)}"
    newest = reading.list_page(
        view.tx, caller, AuditFilters(), ValidationErrors("AuditRecord"), Pagination(per_page=SHOWN_ON_ACCOUNT)
    )
    return {
        "account": account,
        "settings": settings,
        "command": command,
        "lines": [describe(record) for record in newest.items],
    }


def _limit(number: int | None) -> str:
    return "none" if number is None else f"{number:,}"
