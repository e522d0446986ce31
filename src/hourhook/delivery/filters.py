"""Filters of webhooks: which events a webhook with filters gets, judged when an event is recorded.

An event meets a list if its object, before or after the change, is one of the list, or names one directly as its
``project``, its ``user`` or one of its ``tags`` (``docs/api/webhooks.md#filter-by-object``).
"""

import msgspec

# The resource that each list filters by; events of the resource are about the object itself.
_LISTS = ("project", "user", "tag")


class Filter(msgspec.Struct, frozen=True):
    """The filters of a webhook: an event must meet each list that is not empty."""

    project_ids: frozenset[int] = frozenset()
    user_ids: frozenset[int] = frozenset()
    tag_ids: frozenset[int] = frozenset()

    def accepts(self, references: "References") -> bool:
        """Return whether an event with these references passes."""
        lists = zip((self.project_ids, self.user_ids, self.tag_ids), references, strict=True)
        return all(not wanted or not wanted.isdisjoint(found) for wanted, found in lists)


# The ids that an event is about: of projects, users and tags.
References = tuple[set[int], set[int], set[int]]


def read_filter(stored: str) -> Filter:
    """Return the filters of a webhook as they are stored."""
    return _decode_filter(stored)


def find_references(type: str, changes: bytes, object: bytes) -> References:
    """Return the ids that an event names, before and after the change."""
    after, before_and_after = _decode_object(object), _decode_changes(changes)
    found: References = (set(), set(), set())
    category = type.partition(".")[0]
    if category in _LISTS and after.id is not None:
        found[_LISTS.index(category)].add(after.id)
    for ids, one in ((found[0], "project"), (found[1], "user")):
        for named in (getattr(after, one), *(getattr(before_and_after, one) or ())):
            if named is not None:
                ids.add(named.id)
    for tags in (after.tags, *(before_and_after.tags or ())):
        found[2].update(tag.id for tag in tags or ())
    return found


class _Named(msgspec.Struct):
    id: int


class _Object(msgspec.Struct):
    id: int | None = None
    project: _Named | None = None
    user: _Named | None = None
    tags: list[_Named] | None = None


class _Changes(msgspec.Struct):
    project: list[_Named | None] | None = None
    user: list[_Named | None] | None = None
    tags: list[list[_Named] | None] | None = None


_decode_filter = msgspec.json.Decoder(Filter).decode
_decode_object = msgspec.json.Decoder(_Object).decode
_decode_changes = msgspec.json.Decoder(_Changes).decode
