"""The fields of invoices. Those of nested inputs have the names of their errors, such as ``customization.title``."""

from collections.abc import Mapping, Sequence

from hourhook.domain.enums import INVOICE_STATES
from hourhook.domain.invoices.customizing import LABELS
from hourhook.domain.invoices.details import FLAG_DEFAULTS
from hourhook.domain.invoices.totals import CUSTOM
from hourhook.web.forms import read_amount

CUSTOMIZATION = "customization."
RATES = "rate_calculation."
# Of each person, followed by their id.
RATE_OF = "rate_of_"
STATES: Mapping[str, tuple[str, str]] = {
    "unpaid": ("waiting", "Unpaid"),
    "awaiting_payment": ("held", "Awaiting payment"),
    "in_progress": ("held", "Being paid"),
    "paid": ("accepted", "Paid"),
    "none": ("disabled", "No payment"),
}
STATE_CHOICES = [(state, STATES[state][1]) for state in INVOICE_STATES]
METHODS = (
    ("standard_hourly_rate", "The same rate for everybody"),
    ("custom_hourly_rates", "A rate for each person"),
    ("flat_rate", "A fixed amount"),
)
FLAGS = (
    ("show_hours_worked", "Hours worked"),
    ("show_user_summaries", "Time of each person"),
    ("show_project_summaries", "Time of each project"),
    ("show_full_report", "Every entry"),
    ("show_project_name_for_expenses", "The project of each expense"),
)
LABEL_NAMES: Mapping[str, str] = {
    "title": "Title",
    "date": "Date",
    "project": "Projects",
    "reference": "Reference",
    "total_due": "Total due",
    "summary": "Summary",
    "project_summary": "Summary of projects",
    "user_summary": "Summary of people",
    "no_project_name": "No project",
    "work_time": "Work time",
    "no_tax": "No tax",
    "work_total": "Total worked",
    "total": "Total",
    "report": "Report",
    "taxable_total": "Total taxable",
    "tax_total": "Total tax",
    "taxfree_total": "Total tax-free",
    "total_report": "Total of the report",
}
_PAYMENT = ("paypal_address", "paypal_invoice_title", "paypal_currency_code", "stripe_connect_payment_description",
            "stripe_connect_currency_code")  # fmt: skip
_ALLOWED = ("allow_paypal_invoice", "allow_stripe_connect_payment")


def read_rates(fields: Mapping[str, str]) -> dict[str, object]:
    """Return the rate calculation of the fields."""
    rates: dict[str, object] = {
        name: read_amount(fields.get(RATES + name, "")) for name in ("standard_hourly_rate", "flat_rate")
    }
    method = fields.get(RATES + "calculation_method", "")
    custom = [
        {"user_id": name.removeprefix(RATE_OF), "hourly_rate": read_amount(value)}
        for name, value in fields.items()
        if name.startswith(RATE_OF) and value.strip()
    ]
    if method == CUSTOM:
        # Without a rate for everybody else, nobody else has one.
        rates["standard_hourly_rate"] = rates["standard_hourly_rate"] or "0"
    return {"calculation_method": method, **rates, "custom_hourly_rates": custom}


def has_rates(fields: Mapping[str, str]) -> bool:
    """Return whether any rate was filled in; otherwise a new invoice takes those of the last one."""
    names = (RATES + "standard_hourly_rate", RATES + "flat_rate")
    return any(value.strip() for name, value in fields.items() if name in names or name.startswith(RATE_OF))


def read_taxes(lists: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return the taxes of the fields ``tax_name`` and ``tax_percentage``, which stand in pairs; blank pairs do not."""
    pairs = zip(lists.get("tax_name", ()), lists.get("tax_percentage", ()), strict=False)
    return [
        {"name": name.strip(), "percentage": read_amount(percentage.replace("%", ""))}
        for name, percentage in pairs
        if name.strip() or percentage.strip()
    ]


def read_details(fields: Mapping[str, str]) -> dict[str, object]:
    """Return what the fields of the page "Edit" mean: a box that is not ticked is not sent."""
    names = (*LABELS, "locale", "currency_code", "currency_symbol", "custom_html", *_PAYMENT)
    customization: dict[str, object] = {
        name: fields[CUSTOMIZATION + name] for name in names if CUSTOMIZATION + name in fields
    }
    flags = {name: name in fields for name in FLAG_DEFAULTS}
    allowed = {name: CUSTOMIZATION + name in fields for name in _ALLOWED}
    return {**flags, "customization": {**customization, **allowed}, "rate_calculation": read_rates(fields)}
