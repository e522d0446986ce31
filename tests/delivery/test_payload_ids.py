"""Payload ids encode the sequence and look like random UUIDs."""

import uuid

import pytest

from hourhook.delivery.payload_ids import decode_sequence, new_payload_ids

LARGEST = (1 << 60) - 1


@pytest.mark.parametrize("sequence", [1, 2, 255, 1_000_000, LARGEST])
def test_an_id_encodes_its_sequence(sequence: int) -> None:
    assert [decode_sequence(id) for id in new_payload_ids([sequence] * 20)] == [sequence] * 20


def test_ids_are_returned_in_the_order_of_their_sequences() -> None:
    assert [decode_sequence(id) for id in new_payload_ids(range(7, 400))] == [*range(7, 400)]


def test_an_id_is_a_lower_case_version_4_uuid() -> None:
    for id in new_payload_ids(range(1, 200)):
        parsed = uuid.UUID(id)
        assert (str(parsed), parsed.version, parsed.variant) == (id, 4, uuid.RFC_4122)


def test_ids_of_one_sequence_differ() -> None:
    assert len({*new_payload_ids([1] * 10_000)}) == 10_000


def test_ids_of_adjacent_sequences_look_unrelated() -> None:
    beginnings = {id[:8] for id in new_payload_ids(range(1, 1_000))}
    assert len(beginnings) > 990


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0B6F1C52-6F0E-4C53-9D0A-3A3F0F8F5F10",
        "0b6f1c52-6f0e-1c53-9d0a-3a3f0f8f5f10",
        "0b6f1c52-6f0e-4c53-cd0a-3a3f0f8f5f10",
        "0b6f1c526f0e4c539d0a3a3f0f8f5f10",
        "0b6f1c52-6f0e-4c53-9d0a-3a3f0f8f5f10\n",
        "٠b6f1c52-6f0e-4c53-9d0a-3a3f0f8f5f10",
    ],
)
def test_a_malformed_id_has_no_sequence(text: str) -> None:
    assert decode_sequence(text) is None
