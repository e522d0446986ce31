"""Signatures of payloads and broadcasts, and their secrets (``docs/guides/receiving.md#verify-the-signature``)."""

import base64
import hmac
import secrets
from functools import lru_cache

from hourhook.clock import SECOND

Header = tuple[str, str]
Headers = list[Header]

_SECRET_PREFIX = "whsec_"


def new_secret() -> str:
    """Return a new secret: ``whsec_`` and the standard base64 of 32 random bytes."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature_headers(
    message_id: str, sent_at: int, body: bytes, secret: str, previous_secret: str | None = None
) -> Headers:
    """Return the signature headers of a message.

    ``X-Noko-Signature`` is the HMAC-SHA256 of the body in hexadecimal; ``webhook-signature`` follows Standard Webhooks.
    While a previous secret is still good, the first is by that one, the second has both, the new one first, and
    ``X-Hourhook-Next-Signature`` is by the new one: so a receiver that knows either secret can verify the message.
    """
    noko, standard = _sign(message_id, sent_at, body, secret)
    if previous_secret is None:
        return [("X-Noko-Signature", noko), ("webhook-signature", standard)]
    previous_noko, previous_standard = _sign(message_id, sent_at, body, previous_secret)
    return [
        ("X-Noko-Signature", previous_noko),
        ("webhook-signature", f"{standard} {previous_standard}"),
        ("X-Hourhook-Next-Signature", noko),
    ]


def _sign(message_id: str, sent_at: int, body: bytes, secret: str) -> tuple[str, str]:
    noko, standard = (key.copy() for key in _keys(secret))
    noko.update(body)
    standard.update(b"%b.%d." % (message_id.encode(), sent_at // SECOND))
    standard.update(body)
    return noko.hexdigest(), "v1," + base64.b64encode(standard.digest()).decode()


# Copying a keyed hash is cheaper than ``hmac.digest``, which sets up the key again and releases the interpreter lock
# each time: a fifth of the time of a send while the client's thread competes for the lock.
@lru_cache(maxsize=4096)
def _keys(secret: str) -> tuple[hmac.HMAC, hmac.HMAC]:
    """Return the keyed hashes of the two signatures.

    One is keyed by the whole secret, the other by the bytes encoded after its prefix. A secret of another form, such as
    one imported from another system, is the key of both.
    """
    text = secret.encode()
    try:
        encoded = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True) or text
    except ValueError:
        encoded = text
    return hmac.new(text, digestmod="sha256"), hmac.new(encoded, digestmod="sha256")
