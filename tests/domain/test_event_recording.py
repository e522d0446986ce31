"""The ``changes`` of events."""

import msgspec

from hourhook.domain.events import recording


class Part(msgspec.Struct, frozen=True):
    id: int


class Thing(msgspec.Struct, frozen=True):
    name: str
    import_: Part | None = msgspec.field(name="import")
    parts: list[Part]
    updated_at: str


def test_changes_have_the_keys_of_the_representation_in_its_order() -> None:
    before = Thing("one", None, [Part(1)], "then")
    after = Thing("other", Part(2), [Part(1), Part(3)], "now")

    assert recording.diff(before, after) == {
        "name": ["one", "other"],
        "import": [None, Part(2)],
        "parts": [[Part(1)], [Part(1), Part(3)]],
    }
    assert [*recording.diff(before, after)] == ["name", "import", "parts"]


def test_a_new_updated_at_alone_is_not_a_change() -> None:
    assert recording.diff(Thing("one", None, [], "then"), Thing("one", None, [], "now")) == {}
