"""Objects of the Noko v2 API as another server represents them; keys that are not imported are left out."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hourhook.domain.inputs.dates import DateField, TimestampField
from hourhook.domain.inputs.input_types import MAX_MINUTES

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(max_length=65_535)]
Minutes = Annotated[int, Meta(ge=0, le=MAX_MINUTES)]
# Far beyond any real amount, and exact in the database.
MAX_AMOUNT = 10**11


class SkippedObject(Exception):
    """An object that cannot be imported; the text says why."""


class SourceObject(msgspec.Struct, kw_only=True):
    """What all objects have."""

    id: int
    created_at: str | None = None
    updated_at: str | None = None


class SourceUser(SourceObject):
    """A user, or the summary of one."""

    email: Name
    first_name: str | None = None
    last_name: str | None = None
    profile_image_url: str | None = None
    # Of a user who is in no list, such as one that the token does not see.
    state: str = "disabled"
    role: str = "coworker"


class SourceTeam(SourceObject):
    """A team."""

    name: Name
    users: list[SourceUser] = []


class SourceGroup(SourceObject):
    """A project group, or the summary of one."""

    name: Name


class SourceProject(SourceObject):
    """A project, or the summary of one."""

    name: Name
    billing_increment: int | None = None
    enabled: bool = True
    billable: bool = True
    color: str | None = None
    budgeted_minutes: Minutes | None = None
    group: SourceGroup | None = None


class SourceTag(SourceObject):
    """A tag, or the summary of one."""

    name: Name
    billable: bool = True


class SourceInvoiceSummary(SourceObject):
    """The summary of an invoice."""


class SourceEntry(SourceObject):
    """An entry."""

    date: str
    user: SourceUser
    minutes: Minutes
    description: Text | None = None
    project: SourceProject | None = None
    tags: list[SourceTag] = []
    source_url: Text | None = None
    invoiced_at: str | None = None
    invoice: SourceInvoiceSummary | None = None
    approved_at: str | None = None
    approved_by: SourceUser | None = None


class SourceExpense(SourceObject):
    """An expense."""

    date: str
    user: SourceUser
    project: SourceProject
    price: Decimal
    taxable: bool = True
    description: Text | None = None
    invoice: SourceInvoiceSummary | None = None


class SourceHourlyRate(msgspec.Struct):
    """The hourly rate of one user."""

    user: int
    hourly_rate: Decimal


class SourceRates(msgspec.Struct):
    """How the hours of an invoice are priced."""

    calculation_method: str
    standard_hourly_rate: Decimal | None = None
    custom_hourly_rates: list[SourceHourlyRate] = []
    flat_rate: Decimal | None = None


class SourceTax(msgspec.Struct):
    """A tax of an invoice."""

    percentage: Decimal
    name: str | None = None


class SourcePayment(msgspec.Struct):
    """The payment of an invoice."""

    paid_at: str
    reference: str | None = None
    payment_method: str | None = None


class SourcePaymentTransaction(msgspec.Struct):
    """A change of the payment state of an invoice."""

    created_at: str
    description: Text
    invoice_state: str
    payment_method: str | None = None
    reference: str | None = None


class SourceInvoice(SourceObject, kw_only=True):
    """An invoice."""

    state: str
    reference: str
    invoice_date: str
    project_name: Text = ""
    company_name: Text = ""
    company_details: Text = ""
    recipient_details: Text = ""
    description: Text = ""
    footer: Text = ""
    show_hours_worked: bool = True
    show_full_report: bool = False
    show_user_summaries: bool = False
    show_project_summaries: bool = False
    show_project_name_for_expenses: bool = False
    customization: dict[str, Any]
    rate_calculation: SourceRates
    taxes: list[SourceTax] = []
    taxable_amount: Decimal
    taxfree_amount: Decimal
    tax_total_amount: Decimal
    total_amount: Decimal
    payment: SourcePayment | None = None
    payment_transactions: list[SourcePaymentTransaction] = []


def parse_day(text: str) -> str:
    """Return a date as ``YYYY-MM-DD``. Raises ``SkippedObject``."""
    try:
        return DateField().parse(text)
    except ValueError:
        raise SkippedObject(f"{text!r} is not a date") from None


def parse_moment(text: str) -> int:
    """Return a timestamp. Raises ``SkippedObject``."""
    try:
        return TimestampField().parse(text)
    except ValueError:
        raise SkippedObject(f"{text!r} is not a timestamp") from None


def to_hundredths(number: Decimal) -> int:
    """Return a decimal in hundredths. Raises ``SkippedObject`` if it is too large or has more digits."""
    return _scale(number, 100)


def to_ten_thousandths(number: Decimal) -> int:
    """Return a decimal in ten-thousandths. Raises ``SkippedObject`` if it is too large or has more digits."""
    return _scale(number, 10_000)


def _scale(number: Decimal, factor: int) -> int:
    # ``abs`` would fail for an exponent that is beyond the digits of a decimal, and a comparison for NaN.
    if number.is_nan() or not number.copy_abs() <= MAX_AMOUNT:
        raise SkippedObject(f"{number} is not an amount that can be stored")
    scaled = number * factor
    if scaled != int(scaled):
        raise SkippedObject(f"{number} has too many digits after the decimal point")
    return int(scaled)
