"""Summaries: the short representations of resources inside other resources, and the string types of representations.

The order of the keys is part of the API.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hourhook.domain import hashtags
from hourhook.domain.decimals import to_json_amount
from hourhook.domain.enums import InvoiceState
from hourhook.domain.links import Links
from hourhook.store.statements import Row

Date = Annotated[str, Meta(extra_json_schema={"format": "date"})]
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Url = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
UrlOrBlank = Annotated[str, Meta(description='A URL, or `""` if there is none.')]


class SimpleUser(msgspec.Struct, frozen=True):
    """A user inside another resource."""

    id: int
    email: str
    first_name: str | None
    last_name: str | None
    profile_image_url: UrlOrBlank
    url: Url


class SimpleTeam(msgspec.Struct, frozen=True):
    """A team inside another resource."""

    id: int
    name: str
    url: Url


class SimpleProjectGroup(msgspec.Struct, frozen=True):
    """A project group inside another resource."""

    id: int
    name: str
    url: Url


class SimpleProject(msgspec.Struct, frozen=True):
    """A project inside another resource."""

    id: int
    name: str
    billing_increment: int
    enabled: bool
    billable: bool
    color: str
    url: Url


class SimpleTag(msgspec.Struct, frozen=True):
    """A tag inside another resource."""

    id: int
    name: str
    billable: bool
    formatted_name: str
    url: Url


class SimpleInvoice(msgspec.Struct, frozen=True):
    """An invoice inside another resource."""

    id: int
    reference: str
    invoice_date: Date
    state: InvoiceState
    total_amount: float
    url: Url


class SimpleImport(msgspec.Struct, frozen=True):
    """An import inside another resource. Imports are not supported: the key is always null."""

    id: int
    url: Url


def summarize_user(links: Links, row: Row) -> SimpleUser:
    return SimpleUser(row.id, row.email, row.first_name, row.last_name, row.profile_image_url or "", links.user(row.id))


def summarize_team(links: Links, row: Row) -> SimpleTeam:
    return SimpleTeam(row.id, row.name, links.team(row.id))


def summarize_project(links: Links, row: Row) -> SimpleProject:
    return SimpleProject(
        row.id, row.name, row.billing_increment, row.enabled, row.billable, row.color, links.project(row.id)
    )


def summarize_tag(links: Links, row: Row) -> SimpleTag:
    return SimpleTag(row.id, row.name, row.billable, hashtags.format_name(row.name, row.billable), links.tag(row.id))


def summarize_invoice(links: Links, row: Row) -> SimpleInvoice:
    total = to_json_amount(row.total_amount)
    return SimpleInvoice(row.id, row.reference, row.invoice_date, row.state, total, links.invoice(row.id))


def summarize(summary: type[Any], full: msgspec.Struct) -> Any:
    """Make a summary of a full representation, whose keys include those of the summary."""
    return summary(*(getattr(full, name) for name in summary.__struct_fields__))
