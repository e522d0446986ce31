"""The headers of payloads, for the descriptions of the API (``docs/guides/receiving.md#request-format``)."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class PayloadHeader(NamedTuple):
    """A header of payloads; those that are not required are absent from some."""

    description: str
    schema: Mapping[str, Any]
    is_required: bool = True


_TEXT = {"type": "string"}
_ID = {"type": "string", "format": "uuid"}
_COUNT = {"type": "integer", "minimum": 1}

PAYLOAD_HEADERS: Mapping[str, PayloadHeader] = {
    "X-Noko-EventCategory": PayloadHeader(
        "The part of the type before the first dot; `webhook_status` for events about webhooks.", _TEXT
    ),
    "X-Noko-Delivery": PayloadHeader("The id of the payload, the same on every attempt.", _ID),
    "X-Noko-Signature": PayloadHeader("HMAC-SHA256 of the body, hexadecimal, keyed by the whole secret.", _TEXT),
    "X-Hourhook-Next-Signature": PayloadHeader(
        "While a secret is replaced: as `X-Noko-Signature`, by the new secret.", _TEXT, False
    ),
    "X-Hourhook-Sequence": PayloadHeader(
        "The number of the payload within its webhook; absent on pings and test events.", _COUNT, False
    ),
    "X-Hourhook-Attempt": PayloadHeader("The number of the attempt, from 1.", _COUNT),
    "X-Hourhook-Test": PayloadHeader("`true` on a test event.", {"type": "string", "enum": ["true"]}, False),
    "X-Hourhook-Batch": PayloadHeader(
        "The number of payloads in a batch, whose first one the headers are of.", _COUNT, False
    ),
    "webhook-id": PayloadHeader("The id of the payload, as Standard Webhooks names it.", _ID),
    "webhook-timestamp": PayloadHeader("When the attempt was sent, in seconds since 1970.", {"type": "integer"}),
    "webhook-signature": PayloadHeader("`v1,` and the signature of Standard Webhooks, base64.", _TEXT),
}
