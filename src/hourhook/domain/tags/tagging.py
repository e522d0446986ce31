"""Resolve the hashtags of a description to tags, and create missing tags (`docs/api/tags.md#hashtags`)."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from hourhook.domain import hashtags
from hourhook.domain.callers import Caller
from hourhook.domain.hashtags import Hashtag
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleTag, summarize, summarize_tag
from hourhook.domain.tags.representations import Tag, compose
from hourhook.store.schema import tags
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ResolvedTags:
    """The tags of a description: the first hashtag of each, in order of appearance, and the existing tags, by key."""

    hashtags: dict[str, Hashtag]
    known: dict[str, SimpleTag]

    @property
    def missing(self) -> list[Hashtag]:
        return [hashtag for key, hashtag in self.hashtags.items() if key not in self.known]


def resolve(tx: Transaction, caller: Caller, description: str | None) -> ResolvedTags:
    requested: dict[str, Hashtag] = {}
    for hashtag in hashtags.find(description):
        requested.setdefault(hashtag.key, hashtag)
    if not requested:
        return ResolvedTags({}, {})
    return ResolvedTags(requested, find_by_keys(tx, caller, [*requested]))


def find_by_keys(tx: Transaction, caller: Caller, keys: list[str]) -> dict[str, SimpleTag]:
    """Return the tags of the account with these search keys, by key."""
    rows = tx.all(_BY_KEYS, account=caller.account_id, keys=keys)
    return {row.name_key: summarize_tag(caller.links, row) for row in rows}


def can_create(caller: Caller) -> bool:
    """Return whether the account's settings allow the caller to create tags."""
    return caller.has_role(caller.tag_creation_role)


def create_missing(tx: Transaction, caller: Caller, requested: ResolvedTags) -> tuple[list[SimpleTag], list[Tag]]:
    """Create the missing tags; returns all tags of the description, in order of appearance, and the new ones.

    The new ones are represented with one entry, the one that has the description. The caller records their creation.
    """
    created = create(tx, caller, [(h.name, not h.is_starred) for h in requested.missing], entries=1)
    known = {**requested.known, **{search_key(tag.name): summarize(SimpleTag, tag) for tag in created}}
    return [known[key] for key in requested.hashtags], created


def create(tx: Transaction, caller: Caller, names: list[tuple[str, bool]], *, entries: int = 0) -> list[Tag]:
    """Insert tags by name and billability; none of the names may exist."""
    if not names:
        return []
    ids = tx.next_ids(tags, len(names))
    tx.insert_many(
        tags,
        ("account_id", "id", "name", "name_key", "billable", "created_at", "updated_at"),
        [
            (caller.account_id, id, name, search_key(name), billable, tx.event_time, tx.event_time)
            for id, (name, billable) in zip(ids, names, strict=True)
        ],
    )
    return [
        compose(
            caller.links,
            id=id,
            name=name,
            billable=billable,
            entries=entries,
            created_at=tx.event_time,
            updated_at=tx.event_time,
        )
        for id, (name, billable) in zip(ids, names, strict=True)
    ]


_BY_KEYS = Statement(
    select(tags.c.id, tags.c.name, tags.c.name_key, tags.c.billable).where(
        tags.c.account_id == bindparam("account"), any_of(tags.c.name_key, "keys")
    )
)
