"""Say what is wrong with a signature that a receiver computed, without revealing the secret or a signature."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import msgspec
from sqlalchemy import bindparam, select

from hourhook.crypto import Keyring
from hourhook.store.schema import webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

RIGHT = "right"
_PREFIX = "whsec_"
_NEWER = "This is by the new secret: until the overlap ends, that signature is in X-Hourhook-Next-Signature."


def check_signature(
    tx: Transaction, keyring: Keyring, account_id: int, webhook_id: int, body: bytes, given: str
) -> str:
    """Return ``RIGHT`` if ``given`` is the ``X-Noko-Signature`` of a body, or else the mistake in words."""
    row = tx.one(_SECRETS, account=account_id, id=webhook_id)
    assert row is not None, "the webhook was found in this transaction"
    secret, other = keyring.decrypt(bytes(row.secret)), None
    if row.previous_secret is not None and row.previous_secret_expires_at > tx.started_at:
        # During the overlap of a rotation, the header is by the old secret.
        secret, other = keyring.decrypt(bytes(row.previous_secret)), secret
    text = given.strip().removeprefix("sha256=").removeprefix("v1,")
    candidates = [*_candidates(secret, body)]
    if other is not None:
        candidates.append((_NEWER, _hex(other.encode(), body)))
    for mistake, signature in candidates:
        if hmac.compare_digest(signature.encode(), text.encode("utf-8", "replace")):
            return mistake
        if mistake == RIGHT and hmac.compare_digest(signature.encode(), text.lower().encode("utf-8", "replace")):
            return "The signature is right but in capitals: hexadecimal digits are compared in lower case."
    return (
        "This is not a signature of this body by any mistake known here. Check that it is the body of this payload, "
        "byte for byte, and the secret of this webhook, not an older one."
    )


def _candidates(secret: str, body: bytes) -> Iterator[tuple[str, str]]:
    whole, bare = secret.encode(), secret.removeprefix(_PREFIX).encode()
    yield RIGHT, _hex(whole, body)
    yield "The key left out whsec_: use the whole secret, as it is shown, as the key.", _hex(bare, body)
    yield (
        "The key was the decoded secret: that is the key of webhook-signature. For X-Noko-Signature use the whole "
        "secret as text.",
        _hex(_decoded(bare), body),
    )
    for name, changed in _rewritten(body):
        yield name, _hex(whole, changed)
    digest = hmac.new(whole, body, hashlib.sha256).digest()
    yield "The signature is base64; X-Noko-Signature is hexadecimal.", base64.b64encode(digest).decode()
    yield "The hash was SHA-1: use SHA-256.", hmac.new(whole, body, hashlib.sha1).hexdigest()
    yield (
        "This is SHA-256 without the secret: use HMAC-SHA256 with the secret as the key.",
        hashlib.sha256(body).hexdigest(),
    )
    yield "The secret had a line break at its end: cut it off.", _hex(whole + b"\n", body)


def _rewritten(body: bytes) -> Iterator[tuple[str, bytes]]:
    yield "The body had a line break at its end: hash exactly the bytes that arrived.", body + b"\n"
    yield "The body had a line break at its end: hash exactly the bytes that arrived.", body + b"\r\n"
    parsed = msgspec.json.decode(body)
    mistake = "The body was parsed and written again before hashing: hash the bytes as they arrived."
    for options in ({}, {"ensure_ascii": False}, {"indent": 2}, {"sort_keys": True}, {"indent": 4}):
        yield mistake, json.dumps(parsed, **options).encode()
    for ascii_only in (True, False):
        yield mistake, json.dumps(parsed, separators=(",", ":"), ensure_ascii=ascii_only).encode()


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text


def _hex(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


_SECRETS = Statement(
    select(webhooks.c.secret, webhooks.c.previous_secret, webhooks.c.previous_secret_expires_at).where(
        webhooks.c.account_id == bindparam("account"), webhooks.c.id == bindparam("id")
    )
)
