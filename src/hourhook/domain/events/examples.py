"""An example of each event, built from the representations: for the documentation and for test events.

All of them are about the same objects: Mara Lind maps a harbour, her time is approved and billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import replace

from hourhook.clock import DAY, format_timestamp, to_timestamp
from hourhook.domain.entries import representations as entries
from hourhook.domain.events.recording import diff
from hourhook.domain.expenses import representations as expenses
from hourhook.domain.invoices.parts import HourlyRate, InvoiceTax, PaymentTransaction
from hourhook.domain.invoices.representations import Invoice, InvoiceCustomization, PaymentDetails, RateCalculation
from hourhook.domain.links import Links
from hourhook.domain.payloads.representations import WebhookWithStatus
from hourhook.domain.project_groups import representations as project_groups
from hourhook.domain.project_groups.representations import ProjectGroup
from hourhook.domain.projects import representations as projects
from hourhook.domain.projects.representations import Project
from hourhook.domain.summaries import (
    SimpleInvoice,
    SimpleProject,
    SimpleProjectGroup,
    SimpleTag,
    SimpleTeam,
    SimpleUser,
    summarize,
)
from hourhook.domain.tags import representations as tags
from hourhook.domain.teams import representations as teams
from hourhook.domain.teams.representations import Team
from hourhook.domain.users import representations as users
from hourhook.domain.users.representations import User

# The representation of the object of each category.
OBJECTS: Mapping[str, type[msgspec.Struct]] = {
    "entry": entries.Entry,
    "tag": tags.Tag,
    "project": Project,
    "project_group": ProjectGroup,
    "invoice": Invoice,
    "expense": expenses.Expense,
    "team": Team,
    "user": User,
    "webhook": WebhookWithStatus,
}

# The time of each event; the objects were created before.
HAPPENED_AT = to_timestamp(datetime(2026, 11, 23, 17, 42, tzinfo=UTC))
_CREATED = HAPPENED_AT - DAY
CREATED_AT, CHANGED_AT = format_timestamp(_CREATED), format_timestamp(HAPPENED_AT)
_DATE = CREATED_AT[:10]


@dataclass(frozen=True, slots=True)
class EventExample:
    """What an event stores: its changes and its object."""

    changes: dict[str, list[object]]
    object: msgspec.Struct


@cache
def event_examples(base_url: str) -> Mapping[str, EventExample]:
    """Return the example of each event type, with URLs below ``base_url``."""
    links = Links(base_url)
    mara = _user(links, 1, "Mara", "Lind", "leader", SimpleTeam(1, "Charts", links.team(1)))
    mara_inside, jon_inside = (
        summarize(SimpleUser, user) for user in (mara, _user(links, 2, "Jon", "Sand", "supervisor"))
    )
    group_inside = SimpleProjectGroup(1, "Harbour authority", links.project_group(1))
    invoice_without_projects = _invoice(links)
    invoice_inside: SimpleInvoice = summarize(SimpleInvoice, invoice_without_projects)
    project = _project(links, group_inside, invoice_inside, mara_inside)
    project_inside: SimpleProject = summarize(SimpleProject, project)
    invoice = replace(invoice_without_projects, projects=[project_inside])
    tag = _tag(links, 1, "soundings", 12)
    entry = _entry(links, mara_inside, project_inside, summarize(SimpleTag, tag))
    expense = _expense(links, mara_inside, project_inside, invoice_inside)
    team = _team(links, [mara_inside, jon_inside])
    group = _group(links, project_inside)

    approval = {"approved_at": CHANGED_AT, "approved_by": jon_inside}
    billing = {"invoiced_at": CHANGED_AT, "invoice": invoice_inside}
    payment = {
        "state": "paid",
        "payment": PaymentDetails(CHANGED_AT, None, None),
        "payment_transactions": [PaymentTransaction(CHANGED_AT, "Marked as paid", None, None, "paid")],
    }
    return {
        **_life_of("entry", entry, minutes=45),
        "entry.updated.approved": _update(entry, replace(entry, **approval)),
        "entry.updated.unapproved": _update(replace(entry, **approval), entry),
        "entry.updated.invoiced": _update(entry, replace(entry, **billing)),
        "entry.updated.uninvoiced": _update(replace(entry, **billing), entry),
        **_life_of("tag", tag, name="sounding", formatted_name="#sounding"),
        "tag.deleted.merged": EventExample({}, _tag(links, 2, "soundngs", 0)),
        **_life_of("project", project, name="Harbour"),
        "project.updated.archived": _update(project, replace(project, enabled=False)),
        "project.updated.unarchived": _update(replace(project, enabled=False), project),
        "project.deleted.merged": EventExample({}, project),
        **_life_of("project_group", group, projects=[]),
        "project_group.deleted.merged": EventExample({}, group),
        **_life_of("invoice", invoice, reference="HA-0041"),
        "invoice.updated.paid": _update(invoice, replace(invoice, **payment)),
        "invoice.updated.unpaid": _update(replace(invoice, **payment), invoice),
        **_life_of("expense", expense, price=45.0),
        **_life_of("team", team, users=[mara_inside]),
        **_life_of("user", mara, first_name="Maria"),
        "user.updated.deactivated": _update(mara, replace(mara, state="disabled")),
        "user.updated.activated": _update(replace(mara, state="disabled"), mara),
        **_alerts(links),
    }


def _alerts(links: Links) -> dict[str, EventExample]:
    """Return the examples of events about webhooks: about another webhook than the one that gets them."""
    failing = WebhookWithStatus(
        id=2,
        name="Daily summary",
        url=links.webhook(2),
        state="enabled",
        stalled=False,
        disabled_reason=None,
        waiting_count=12,
        failing_payload_id="6d0cf3d4-0c1a-4f5e-9d3c-3f0e5a1b2c4d",
        failing_since=CREATED_AT,
        next_attempt_at=CHANGED_AT,
        last_delivered_at=CREATED_AT,
        lost_count=0,
        lost_until=None,
        success_rate_24h=0.25,
        latency_ms_p50_24h=38,
        latency_ms_p95_24h=120,
    )
    recovered = replace(failing, waiting_count=11, failing_payload_id=None, failing_since=None)
    disabled = replace(failing, state="disabled", disabled_reason="gone", next_attempt_at=None)
    objects = {
        "failing": failing,
        "stalled": replace(failing, stalled=True, next_attempt_at=None),
        "disabled": disabled,
        "recovered": replace(recovered, last_delivered_at=CHANGED_AT),
    }
    return {f"webhook.{state}": EventExample({}, object) for state, object in objects.items()}


def _life_of(category: str, object: msgspec.Struct, **before: Any) -> dict[str, EventExample]:
    """Return the examples of created, updated and deleted; ``before`` is what the update changed."""
    return {
        f"{category}.created": EventExample({}, replace(object, updated_at=CREATED_AT)),
        f"{category}.updated": _update(replace(object, **before), object),
        f"{category}.deleted": EventExample({}, object),
    }


def _update(before: msgspec.Struct, after: msgspec.Struct) -> EventExample:
    return EventExample(diff(before, after), after)


def _user(links: Links, id: int, first_name: str, last_name: str, role: str, *teams: SimpleTeam) -> User:
    return User(
        id=id,
        email=f"{first_name.lower()}@lighthouse.example",
        first_name=first_name,
        last_name=last_name,
        profile_image_url="",
        state="active",
        role=role,
        teams=[*teams],
        entries=12,
        expenses=1,
        created_at=CREATED_AT,
        updated_at=CHANGED_AT,
        **users.urls(links, id),
    )


def _entry(links: Links, user: SimpleUser, project: SimpleProject, tag: SimpleTag) -> entries.Entry:
    return entries.compose(
        links,
        id=1,
        date=_DATE,
        user=user,
        minutes=60,
        description="Depths of the inner basin #soundings",
        project=project,
        tags=[tag],
        source_url=None,
        created_at=_CREATED,
        updated_at=HAPPENED_AT,
    )


def _expense(links: Links, user: SimpleUser, project: SimpleProject, invoice: SimpleInvoice) -> expenses.Expense:
    return expenses.compose(
        links,
        id=1,
        price=4990,
        description="Boat hire",
        taxable=True,
        date=_DATE,
        project=project,
        invoice=invoice,
        user=user,
        created_at=_CREATED,
        updated_at=HAPPENED_AT,
    )


def _project(links: Links, group: SimpleProjectGroup, invoice: SimpleInvoice, participant: SimpleUser) -> Project:
    return Project(
        id=1,
        name="Harbour map",
        billing_increment=15,
        enabled=True,
        billable=True,
        color="#33aaff",
        group=group,
        minutes=720,
        billable_minutes=660,
        unbillable_minutes=60,
        invoiced_minutes=360,
        remaining_minutes=480,
        budgeted_minutes=1200,
        import_=None,
        invoices=[invoice],
        participants=[participant],
        entries=12,
        expenses=1,
        created_at=CREATED_AT,
        updated_at=CHANGED_AT,
        **projects.urls(links, 1),
    )


def _group(links: Links, project: SimpleProject) -> ProjectGroup:
    return ProjectGroup(
        id=1,
        name="Harbour authority",
        projects=[project],
        created_at=CREATED_AT,
        updated_at=CHANGED_AT,
        **project_groups.urls(links, 1),
    )


def _team(links: Links, users: list[SimpleUser]) -> Team:
    return Team(id=1, name="Charts", users=users, created_at=CREATED_AT, updated_at=CHANGED_AT, **teams.urls(links, 1))


def _tag(links: Links, id: int, name: str, entries: int) -> tags.Tag:
    return tags.compose(
        links, id=id, name=name, billable=True, entries=entries, created_at=_CREATED, updated_at=HAPPENED_AT
    )


def _invoice(links: Links) -> Invoice:
    url = links.invoice(1)
    return Invoice(
        id=1,
        state="unpaid",
        reference="HA-0042",
        invoice_date=_DATE,
        project_name="Harbour map",
        company_name="Lighthouse Charts",
        company_details="4 Harbour Road\nPortsmouth",
        recipient_details="Harbour authority\n1 Quay Street",
        description="Soundings of the inner basin",
        footer="",
        show_hours_worked=True,
        show_full_report=False,
        show_user_summaries=False,
        show_project_summaries=False,
        show_project_name_for_expenses=False,
        customization=_CUSTOMIZATION,
        rate_calculation=RateCalculation("custom_hourly_rates", 80.0, [HourlyRate(1, 95.5)], None),
        taxes=[InvoiceTax(1, "VAT", 20.0)],
        taxable_amount=622.9,
        taxfree_amount=0.0,
        tax_total_amount=124.58,
        total_amount=747.48,
        taxable_amount_with_currency="$622.90",
        taxfree_amount_with_currency="$0.00",
        tax_total_amount_with_currency="$124.58",
        total_amount_with_currency="$747.48",
        payment=None,
        payment_transactions=[],
        projects=[],
        entries=6,
        entries_url=f"{url}/entries",
        expenses=1,
        expenses_url=f"{url}/expenses",
        share_url=links.shared_invoice("k3v9q0x7m2b5t8r1w4z6y0c2d"),
        created_at=CREATED_AT,
        updated_at=CHANGED_AT,
        url=url,
    )


_CUSTOMIZATION = InvoiceCustomization(
    title="Invoice",
    date="Date",
    project="Projects",
    reference="Invoice reference",
    total_due="Total amount due",
    summary="Summary",
    project_summary="Project summary",
    user_summary="People summary",
    no_project_name="No project",
    work_time="work time",
    no_tax="no tax",
    work_total="Total worked",
    total="TOTAL",
    report="Report",
    locale="en-US",
    currency_code="USD",
    currency_symbol="$",
    taxable_total="Total taxable",
    tax_total="Total tax",
    taxfree_total="Total taxfree",
    total_report="TOTAL",
    custom_html=None,
    allow_paypal_invoice=False,
    paypal_invoice_title=None,
    paypal_currency_code="USD",
    paypal_address=None,
    allow_stripe_connect_payment=False,
    stripe_connect_payment_description=None,
    stripe_connect_currency_code="usd",
    currency_name="United States dollar",
    created_at=CREATED_AT,
    updated_at=CREATED_AT,
)
