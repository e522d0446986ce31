"""The event names, against those documented in ``docs/api/events.md#event-names``."""

import re
from pathlib import Path

from hourhook.domain.events.catalogue import EVENT_TYPES, PAYLOAD_TYPES, SUBSCRIBABLE_TYPES

DOCUMENTED = """
    entry.created entry.updated entry.deleted entry.updated.approved entry.updated.unapproved entry.updated.invoiced
    entry.updated.uninvoiced
    tag.created tag.updated tag.deleted tag.deleted.merged
    project.created project.updated project.updated.archived project.updated.unarchived project.deleted
    project.deleted.merged
    project_group.created project_group.updated project_group.deleted project_group.deleted.merged
    invoice.created invoice.updated invoice.deleted invoice.updated.paid invoice.updated.unpaid
    expense.created expense.updated expense.deleted
    team.created team.updated team.deleted
    user.created user.updated user.updated.deactivated user.updated.activated user.deleted
"""


def test_the_catalogue_has_the_37_documented_events_in_order() -> None:
    assert len(EVENT_TYPES) == 37
    assert [*EVENT_TYPES] == DOCUMENTED.split()


def test_webhooks_can_subscribe_to_the_wildcard_but_not_to_the_ping() -> None:
    assert {*SUBSCRIBABLE_TYPES} == {"*", *EVENT_TYPES}
    assert "webhook.ping" in PAYLOAD_TYPES
    assert "webhook.ping" not in SUBSCRIBABLE_TYPES


def test_the_documentation_lists_every_event() -> None:
    page = Path(__file__).parents[2] / "docs" / "api" / "events.md"
    table = page.read_text().partition("## Event names")[2].partition("\n`*`")[0]

    assert sorted(re.findall(r"`([a-z_.]+)`", table)) == sorted(EVENT_TYPES)
