"""The event names, against those documented in ``docs/api/events.md#event-names``."""

import re
from pathlib import Path

from hourhook.delivery.event_log import selects
from hourhook.domain.events.catalogue import EVENT_TYPES, LOGGED_TYPES, PAYLOAD_TYPES, SUBSCRIBABLE_TYPES, expand

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
    assert {*SUBSCRIBABLE_TYPES} == {"*", *LOGGED_TYPES}
    assert "webhook.ping" in PAYLOAD_TYPES
    assert "webhook.ping" not in SUBSCRIBABLE_TYPES


def test_the_wildcard_of_the_feed_does_not_include_webhooks() -> None:
    assert selects(expand(["*"]), "entry.created")
    assert not selects(expand(["*"]), "webhook.failing")
    assert selects(expand(["*", "webhook.failing"]), "webhook.failing")
    assert not selects(expand(["*", "webhook.failing"]), "webhook.stalled")
    assert expand(["webhook.*"]) == {*LOGGED_TYPES} - {*EVENT_TYPES}
    assert expand(["webhook.ping"]) == set()


def test_the_documentation_lists_every_event() -> None:
    page = Path(__file__).parents[2] / "docs" / "api" / "events.md"
    table = page.read_text().partition("## Event names")[2].partition("\n`*`")[0]

    assert sorted(re.findall(r"`([a-z_.]+)`", table)) == sorted(EVENT_TYPES)
    about_webhooks = page.read_text().partition("## Events about webhooks")[2].partition("\n## ")[0]
    assert {*re.findall(r"`(webhook\.[a-z]+)`", about_webhooks)} == {*LOGGED_TYPES} - {*EVENT_TYPES}
