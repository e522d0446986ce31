"""The short forms in which nouns appear inside others, and the types that their texts have.

Keys stand in the order of the contract.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hourhook.domain import hashtags
from hourhook.domain.decimals import to_json_number
from hourhook.domain.links import Links
from hourhook.store.statements import Row

Date = Annotated[str, Meta(extra_json_schema={"format": "date"})]
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Url = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
UrlOrBlank = Annotated[str, Meta(description='A URL, or `""` if there is none.')]


class SimpleUser(msgspec.Struct, frozen=True):
    """A user inside another noun."""

    id: int
    email: str
    first_name: str | None
    last_name: str | None
    profile_image_url: UrlOrBlank
    url: Url


class SimpleTeam(msgspec.Struct, frozen=True):
    """A team inside another noun."""

    id: int
    name: str
    url: Url


class SimpleProjectGroup(msgspec.Struct, frozen=True):
    """A project group inside another noun."""

    id: int
    name: str
    url: Url


class SimpleProject(msgspec.Struct, frozen=True):
    """A project inside another noun."""

    id: int
    name: str
    billing_increment: int
    enabled: bool
    billable: bool
    color: str
    url: Url


class SimpleTag(msgspec.Struct, frozen=True):
    """A tag inside another noun."""

    id: int
    name: str
    billable: bool
    formatted_name: str
    url: Url


class SimpleInvoice(msgspec.Struct, frozen=True):
    """An invoice inside another noun."""

    id: int
    reference: str
    invoice_date: Date
    state: str
    total_amount: float
    url: Url


class SimpleImport(msgspec.Struct, frozen=True):
    """An import inside another noun; there are none, since they were withdrawn."""

    id: int
    url: Url


def summarise_user(links: Links, row: Row) -> SimpleUser:
    """The short form of a row of users."""
    return SimpleUser(row.id, row.email, row.first_name, row.last_name, row.profile_image_url or "", links.user(row.id))


def summarise_team(links: Links, row: Row) -> SimpleTeam:
    """The short form of a row of teams."""
    return SimpleTeam(row.id, row.name, links.team(row.id))


def summarise_project(links: Links, row: Row) -> SimpleProject:
    """The short form of a row of projects."""
    return SimpleProject(
        row.id, row.name, row.billing_increment, row.enabled, row.billable, row.color, links.project(row.id)
    )


def summarise_tag(links: Links, row: Row) -> SimpleTag:
    """The short form of a row of tags."""
    return SimpleTag(row.id, row.name, row.billable, hashtags.format_name(row.name, row.billable), links.tag(row.id))


def summarise_invoice(links: Links, row: Row) -> SimpleInvoice:
    """The short form of a row of invoices."""
    total = to_json_number(row.total_amount)
    return SimpleInvoice(row.id, row.reference, row.invoice_date, row.state, total, links.invoice(row.id))


def summarise(summary: type[Any], full: msgspec.Struct) -> Any:
    """Cut a full representation down to its short form, whose keys are among its own."""
    return summary(*(getattr(full, name) for name in summary.__struct_fields__))
