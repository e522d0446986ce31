"""The HTTP envelope of stored events, byte for byte: bodies and headers (``docs/guides/receiving.md#request-format``).

``changes`` and ``object`` are the stored bytes of the event and are inserted unchanged.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from hourhook.clock import SECOND, format_timestamp
from hourhook.delivery.event_log import WEBHOOK_TYPES
from hourhook.delivery.signing import Headers, signature_headers

# The header of a test event.
TEST_HEADER = ("X-Hourhook-Test", "true")
_encode_json = msgspec.json.Encoder().encode


def body(webhook_id: int, webhook_name: str, type: str, created_at: int, changes: bytes, object: bytes) -> bytes:
    """Return the body of an event's payload."""
    return b'{"webhook":%b,"type":"%b","created_at":"%b","changes":%b,"object":%b}' % (
        _summary(webhook_id, webhook_name),
        type.encode(),
        _timestamp(created_at),
        changes,
        object,
    )


def batch_element(payload_id: str, sequence: int, attempt: int, body: bytes) -> bytes:
    """Return an element of a batch: the body of the payload alone, after what is in its headers otherwise."""
    return b'{"payload_id":"%b","sequence":%d,"attempt":%d,%b' % (payload_id.encode(), sequence, attempt, body[1:])


def batch_body(webhook_id: int, webhook_name: str, elements: Sequence[bytes]) -> bytes:
    """Return the body of a batch, whose elements come from ``batch_element``."""
    return b'{"type":"batch","webhook_id":%d,"webhook_name":%b,"payloads":[%b]}' % (
        webhook_id,
        _encode_json(webhook_name),
        b",".join(elements),
    )


def ping_body(payload_id: str, created_at: int, webhook_id: int, webhook_name: str) -> bytes:
    """Return the body of a ping."""
    return b'{"payload_id":"%b","created_at":"%b","type":"webhook.ping","object":{},"webhook":%b}' % (
        payload_id.encode(),
        _timestamp(created_at),
        _summary(webhook_id, webhook_name),
    )


def headers(
    payload_id: str,
    type: str,
    sequence: int | None,
    attempt: int | None,
    sent_at: int,
    body: bytes,
    secret: str,
    previous_secret: str | None = None,
    batch_count: int = 1,
) -> Headers:
    """Return the headers of a payload, or of a batch that begins with it, signed with the webhook's secrets.

    ``sequence`` is None for a ping and a test event, which have no place in the order.
    """
    return [
        *unsigned_headers(payload_id, type, sequence, attempt, sent_at, batch_count),
        *signature_headers(payload_id, sent_at, body, secret, previous_secret),
    ]


def unsigned_headers(
    payload_id: str, type: str, sequence: int | None, attempt: int | None, sent_at: int, batch_count: int = 1
) -> Headers:
    """Return these headers without the signatures, as shown in the delivery log."""
    built = [
        ("Content-Type", "application/json"),
        ("User-Agent", "Noko-Webhooks"),
        ("X-Noko-EventCategory", "webhook_status" if type in WEBHOOK_TYPES else type.partition(".")[0]),
        ("X-Noko-Delivery", payload_id),
        ("webhook-id", payload_id),
        ("webhook-timestamp", str(sent_at // SECOND)),
    ]
    if sequence is not None:
        built.append(("X-Hourhook-Sequence", str(sequence)))
    if attempt is not None:
        built.append(("X-Hourhook-Attempt", str(attempt)))
    if batch_count > 1:
        built.append(("X-Hourhook-Batch", str(batch_count)))
    return built


def broadcast_body(
    receiver_id: int, receiver_name: str, sent_at: int, last_event: str, subject: str, url: str
) -> bytes:
    """Return the body of a broadcast: the last event of an object and the URL to fetch it from.

    See ``docs/api/broadcast_receivers.md#broadcast-format``.
    """
    return b'{"broadcast_receiver":%b,"sent_at":"%b","last_event":"%b","subject":{"type":"%b","url":%b}}' % (
        _summary(receiver_id, receiver_name),
        _timestamp(sent_at),
        last_event.encode(),
        subject.encode(),
        _encode_json(url),
    )


def broadcast_headers(message_id: str, subject: str, sent_at: int, body: bytes, secret: str) -> Headers:
    """Return the headers of a broadcast, signed with the receiver's secret."""
    return [
        ("Content-Type", "application/json"),
        ("User-Agent", "Noko-Broadcasts"),
        ("X-Noko-BroadcastSubject", subject),
        ("webhook-id", message_id),
        ("webhook-timestamp", str(sent_at // SECOND)),
        *signature_headers(message_id, sent_at, body, secret),
    ]


@lru_cache(maxsize=4096)
def _summary(id: int, name: str) -> bytes:
    return b'{"id":%d,"name":%b}' % (id, _encode_json(name))


@lru_cache(maxsize=4096)
def _timestamp(timestamp: int) -> bytes:
    return format_timestamp(timestamp).encode()
