"""Secrets at rest: encrypted with one key, which is kept apart from the database and also signs."""

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hourhook.errors import OperatorError

NONCE_BYTES = 12
MIN_KEY_LENGTH = 32


class Keyring:
    """Encrypts and opens secrets (AES-256 in GCM, a fresh nonce each), and signs what goes out and comes back."""

    def __init__(self, key: str) -> None:
        # Not the key of the cipher: each is of use for one thing only.
        self._signing_key = hashlib.sha256(b"signatures\0" + key.encode()).digest()
        self._cipher = AESGCM(hashlib.sha256(key.encode()).digest())
        # A worker opens the secret of each lane it leases; most are the same few.
        self.decrypt = lru_cache(maxsize=16_384)(self.decrypt_uncached)

    def encrypt(self, secret: str) -> bytes:
        """Encrypt a secret for storing."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), None)

    def sign(self, purpose: str, text: str) -> str:
        """What nobody without the key can make of a text (HMAC-SHA256, hexadecimal), for one purpose and no other."""
        return hmac.new(self._signing_key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()

    def decrypt_uncached(self, stored: bytes) -> str:
        """Decrypt what was stored, without remembering it (raises ``OperatorError`` where another key closed it)."""
        try:
            return self._cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], None).decode()
        except InvalidTag:
            raise OperatorError(
                "the secrets of this database were encrypted with another key: give HOURHOOK_SECRET_KEY, or the key "
                "file beside the database, the value it had when they were made"
            ) from None


def validate_key(key: str) -> str:
    """Check a key that was set by hand (raises ``OperatorError``)."""
    if len(key) < MIN_KEY_LENGTH:
        raise OperatorError(
            f"HOURHOOK_SECRET_KEY must have at least {MIN_KEY_LENGTH} characters; "
            "`openssl rand -base64 32` makes a good one"
        )
    return key


def load_or_create_key_file(database_path: Path) -> str:
    """The key beside an embedded database; made, readable by its owner alone, when there is none yet."""
    path = Path(f"{database_path}.key")
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        try:
            key = path.read_text().strip()
        except UnicodeDecodeError:
            key = ""
        if not key:
            raise OperatorError(f"the key file {path} is empty, or no text: put it back from a backup") from None
        return key
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(MIN_KEY_LENGTH)
        file.write(key + "\n")
    return key
