"""Delete tags; in their entries the hashtags become plain words (`docs/api/tags.md#rename-merge-delete`).

Events of invoices are recorded first. Then they are recorded tag by tag: those of its entries, then that of the tag.
Each ``BATCH_SIZE`` of tags or entries takes a few statements, whether one tag has all the entries or each has a few.
Approved, invoiced and archived entries are rewritten too.
"""

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import bindparam, delete, select

from hourhook.clock import format_timestamp
from hourhook.domain import hashtags
from hourhook.domain.batching import BATCH_SIZE
from hourhook.domain.callers import Caller
from hourhook.domain.entries import batches
from hourhook.domain.entries.representations import Entry, is_billable
from hourhook.domain.events import recording
from hourhook.domain.invoices import side_effects
from hourhook.domain.search_keys import search_key
from hourhook.domain.tags.representations import Tag
from hourhook.store.schema import entry_tags, tags
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def remove(tx: Transaction, caller: Caller, removed: Sequence[Tag]) -> None:
    """Delete tags in this order; each must be as it is in the database, with the count of its entries."""
    for group in _in_groups(removed):
        unbillable = [tag.id for tag in group if not tag.billable]
        if unbillable:
            recalculated = side_effects.recalculate_as_if_tags(tx, unbillable, billable=True)
            side_effects.record_events(tx, caller, recalculated)
        if len(group) == 1:
            _remove_one(tx, caller, group[0])
        else:
            _remove_several(tx, caller, group)
        ids = [tag.id for tag in group]
        tx.execute(_DROP, account=caller.account_id, ids=ids)
        tx.execute(_DELETE, account=caller.account_id, ids=ids)


def _in_groups(removed: Sequence[Tag]) -> Iterator[list[Tag]]:
    """Group tags that have at most ``BATCH_SIZE`` entries together; a tag with more is a group of its own."""
    group: list[Tag] = []
    entries_count = 0
    for tag in removed:
        if group and entries_count + tag.entries > BATCH_SIZE:
            yield group
            group, entries_count = [], 0
        group.append(tag)
        entries_count += tag.entries
    if group:
        yield group


def _remove_one(tx: Transaction, caller: Caller, tag: Tag) -> None:
    for batch in batches.of_tag(tx, caller, tag.id):
        batches.store_descriptions(tx, [_strip_tag(tx, entry, tag) for entry in batch])
    recording.record_deletion(tx, "tag", tag)


def _remove_several(tx: Transaction, caller: Caller, group: list[Tag]) -> None:
    uses: dict[int, list[int]] = {}
    for row in tx.all(_USES, account=caller.account_id, ids=[tag.id for tag in group]):
        uses.setdefault(row.tag_id, []).append(row.entry_id)
    used = [entry_id for entry_ids in uses.values() for entry_id in entry_ids]
    # An entry with several of the tags changes once for each of them, and each change starts from the previous one.
    found = {entry.id: entry for batch in batches.of_ids(tx, caller, used) for entry in batch}
    for tag in group:
        for entry_id in uses.get(tag.id, ()):
            found[entry_id] = _strip_tag(tx, found[entry_id], tag)
        recording.record_deletion(tx, "tag", tag)
    if found:
        batches.store_descriptions(tx, [*found.values()])


def _strip_tag(tx: Transaction, before: Entry, tag: Tag) -> Entry:
    remaining = [other for other in before.tags if other.id != tag.id]
    after = msgspec.structs.replace(
        before,
        description=hashtags.strip_hash_sign(before.description, search_key(tag.name)),
        tags=remaining,
        billable=is_billable(before.project, remaining),
        updated_at=format_timestamp(tx.event_time),
    )
    recording.record_update(tx, "entry", before, after)
    return after


_USES = Statement(
    select(entry_tags.c.tag_id, entry_tags.c.entry_id)
    .where(entry_tags.c.account_id == bindparam("account"), any_of(entry_tags.c.tag_id, "ids"))
    .order_by(entry_tags.c.tag_id, entry_tags.c.entry_id)
)

_DROP = Statement(
    delete(entry_tags).where(entry_tags.c.account_id == bindparam("account"), any_of(entry_tags.c.tag_id, "ids"))
)

_DELETE = Statement(delete(tags).where(tags.c.account_id == bindparam("account"), any_of(tags.c.id, "ids")))
