"""The names of events, against those of the contract (webhook_events.md)."""

from hourhook.domain.events.catalogue import EVENT_TYPES, PAYLOAD_TYPES, SUBSCRIBABLE_TYPES

CONTRACT = """
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


def test_there_are_the_37_names_of_the_contract() -> None:
    assert len(EVENT_TYPES) == 37
    assert [*EVENT_TYPES] == CONTRACT.split()


def test_the_wildcard_can_be_subscribed_to_and_the_ping_cannot() -> None:
    assert {*SUBSCRIBABLE_TYPES} == {"*", *EVENT_TYPES}
    assert "webhook.ping" in PAYLOAD_TYPES
    assert "webhook.ping" not in SUBSCRIBABLE_TYPES
