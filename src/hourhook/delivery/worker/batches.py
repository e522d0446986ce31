"""Batches: several payloads of a lane in one request, accepted all or none (``docs/guides/batches.md``).

After a failure the head is sent alone until it is accepted, so that a payload that a receiver cannot process holds
itself up, and says so.
"""

from dataclasses import dataclass

from hourhook.delivery import envelope
from hourhook.delivery.targets import Key, Target
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.readahead import Payload

# The largest body of a batch; one payload alone is sent whatever its size.
MAX_BATCH_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Message:
    """The body of the next request of a lane: its head, or a batch that begins with it."""

    payloads: list[Payload]
    # Of the next attempt of each.
    numbers: list[int]
    body: bytes

    def attempt(self, key: Key, outcome: Outcome) -> tuple[Key, str, str, int, Outcome, int]:
        """Return what an ``AttemptObserver`` is told."""
        head = self.payloads[0]
        return key, head.payload_id, head.event.type, self.numbers[0], outcome, len(self.payloads)


def next_batch_limit(target: Target, attempts_count: int) -> int:
    """Return how many payloads the next request may have, if its head was attempted this many times."""
    return 1 if attempts_count else target.batch_limit


def compose(lane: LeasedLane, target: Target) -> Message:
    """Return the next request of a lane: as many prefetched payloads as are allowed."""
    head = lane.prefetched[0]
    payloads, numbers, elements = [head], [lane.number_of(head)], []
    body = payload_body(lane.webhook_id, target, head)
    limit = next_batch_limit(target, lane.attempts_count)
    if limit > 1 and len(lane.prefetched) > 1:
        elements.append(envelope.batch_element(head.payload_id, head.sequence, numbers[0], body))
        size = len(envelope.batch_body(lane.webhook_id, target.name, elements))
        for payload in lane.prefetched[1:limit]:
            number = lane.number_of(payload)
            element = envelope.batch_element(
                payload.payload_id, payload.sequence, number, payload_body(lane.webhook_id, target, payload)
            )
            size += len(element) + len(",")
            if size > MAX_BATCH_BYTES:
                break
            payloads.append(payload)
            numbers.append(number)
            elements.append(element)
    if len(elements) > 1:
        body = envelope.batch_body(lane.webhook_id, target.name, elements)
    return Message(payloads, numbers, body)


def payload_body(webhook_id: int, target: Target, payload: Payload) -> bytes:
    """Return the body of one payload alone."""
    event = payload.event
    return envelope.body(webhook_id, target.name, event.type, event.created_at, event.changes, event.object)
