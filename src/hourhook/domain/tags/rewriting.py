"""Rewrite the entries of a tag that is renamed or merged (`docs/api/tags.md#rename-merge-delete`).

Descriptions and tags of entries keep agreeing. A hashtag, with or without ``*``, is replaced by the ``formatted_name``
of the new tag, such as ``#holiday*`` for an unbillable one. Approved, invoiced and archived entries are rewritten too.
"""

import msgspec
from sqlalchemy import Integer, bindparam, delete, exists, insert, select, update

from hourhook.clock import format_timestamp
from hourhook.domain import hashtags
from hourhook.domain.callers import Caller
from hourhook.domain.entries import batches
from hourhook.domain.entries.representations import Entry, is_billable
from hourhook.domain.events import recording
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleTag
from hourhook.store.schema import entry_tags
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def rewrite(tx: Transaction, caller: Caller, tag: SimpleTag, successor: SimpleTag) -> None:
    """Rewrite the entries of a tag and record their events.

    ``successor`` is the renamed tag, or another tag. The tag itself must not be changed in the database yet.
    """
    for batch in batches.of_tag(tx, caller, tag.id):
        rewritten = []
        for before in batch:
            after = _rewrite_entry(before, tag, successor, format_timestamp(tx.event_time))
            # A change inside the embedded tag is not a change of the entry; a new description or another tag is.
            if after.description != before.description or successor.id != tag.id:
                recording.record_update(tx, "entry", before, after)
                rewritten.append(after)
        batches.store_descriptions(tx, rewritten)
    if successor.id != tag.id:
        for statement in (_MOVE_FORWARD, _REPLACE, _DROP):
            tx.execute(statement, account=caller.account_id, tag=tag.id, successor=successor.id)


def _rewrite_entry(entry: Entry, tag: SimpleTag, successor: SimpleTag, now: str) -> Entry:
    description = hashtags.rename(entry.description, search_key(tag.name), successor.formatted_name)
    swapped = (successor if other.id in (tag.id, successor.id) else other for other in entry.tags)
    tags = [*{each.id: each for each in swapped}.values()]
    return msgspec.structs.replace(
        entry,
        description=description,
        tags=tags,
        billable=is_billable(entry.project, tags),
        updated_at=now,
    )


_merged = entry_tags.alias("merged")

# If an entry has both tags, the remaining one takes the position of the first of them.
_MOVE_FORWARD = Statement(
    update(entry_tags)
    .where(
        entry_tags.c.account_id == bindparam("account"),
        entry_tags.c.tag_id == bindparam("successor"),
        exists(
            select(_merged.c.entry_id).where(
                _merged.c.account_id == entry_tags.c.account_id,
                _merged.c.tag_id == bindparam("tag"),
                _merged.c.entry_id == entry_tags.c.entry_id,
                _merged.c.place < entry_tags.c.place,
            )
        ),
    )
    .values(
        place=select(_merged.c.place)
        .where(
            _merged.c.account_id == entry_tags.c.account_id,
            _merged.c.tag_id == bindparam("tag"),
            _merged.c.entry_id == entry_tags.c.entry_id,
        )
        .scalar_subquery()
    )
)

_REPLACE = Statement(
    insert(entry_tags).from_select(
        ["account_id", "entry_id", "tag_id", "place"],
        select(_merged.c.account_id, _merged.c.entry_id, bindparam("successor", type_=Integer), _merged.c.place).where(
            _merged.c.account_id == bindparam("account"),
            _merged.c.tag_id == bindparam("tag"),
            ~exists(
                select(entry_tags.c.entry_id).where(
                    entry_tags.c.account_id == _merged.c.account_id,
                    entry_tags.c.entry_id == _merged.c.entry_id,
                    entry_tags.c.tag_id == bindparam("successor"),
                )
            ),
        ),
    )
)

_DROP = Statement(
    delete(entry_tags).where(entry_tags.c.account_id == bindparam("account"), entry_tags.c.tag_id == bindparam("tag"))
)
