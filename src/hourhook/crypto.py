"""Encryption of secrets at rest, and signatures: both use one key, which is kept outside the database."""

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
    """Encrypt and decrypt secrets (AES-256-GCM with a fresh nonce each), and sign texts (HMAC-SHA256)."""

    def __init__(self, key: str) -> None:
        # Separate keys: a key is used for one purpose only.
        self._signing_key = hashlib.sha256(b"signatures\0" + key.encode()).digest()
        self._cipher = AESGCM(hashlib.sha256(key.encode()).digest())
        # A worker decrypts the secret of each lane it leases, and most leases repeat a few lanes.
        self.decrypt = lru_cache(maxsize=16_384)(self.decrypt_uncached)

    def encrypt(self, secret: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), None)

    def sign(self, purpose: str, text: str) -> str:
        """Return the HMAC-SHA256 of a text in hexadecimal, under a key derived for ``purpose``."""
        return hmac.new(self._signing_key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()

    def decrypt_uncached(self, stored: bytes) -> str:
        """Decrypt a stored secret without caching it.

        Raises ``OperatorError`` if it was encrypted with another key.
        """
        try:
            return self._cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], None).decode()
        except InvalidTag:
            raise OperatorError(
                "the secrets of this database were encrypted with another key: set HOURHOOK_SECRET_KEY, or restore the "
                "key file next to the database, to the value used when they were encrypted; if that key is lost, run "
                "`hourhook migrate --new-key` and re-roll the secrets of all webhooks"
            ) from None


def validate_key(key: str) -> str:
    """Return a key set by the operator, if it is long enough.

    Raises ``OperatorError`` otherwise.
    """
    if len(key) < MIN_KEY_LENGTH:
        raise OperatorError(
            f"HOURHOOK_SECRET_KEY must have at least {MIN_KEY_LENGTH} characters; "
            "`openssl rand -base64 32` generates one"
        )
    return key


def load_or_create_key_file(database_path: Path) -> str:
    """Return the key stored next to an SQLite database; create the file, readable by its owner only, if missing.

    Raises ``OperatorError`` if the file has no readable key.
    """
    path = _key_path(database_path)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return load_key_file(database_path)
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(MIN_KEY_LENGTH)
        file.write(key + "\n")
    return key


def load_key_file(database_path: Path) -> str:
    """Return the key stored next to an SQLite database.

    Raises ``OperatorError`` if the file is missing or has no readable key.
    """
    path = _key_path(database_path)
    try:
        key = path.read_text().strip()
    except FileNotFoundError:
        raise OperatorError(
            f"the key file {path} is missing: restore it from a backup; if it is lost, run "
            "`hourhook migrate --new-key` and re-roll the secrets of all webhooks"
        ) from None
    except UnicodeDecodeError:
        key = ""
    if not key:
        raise OperatorError(f"the key file {path} is empty or not text: restore it from a backup")
    return key


def _key_path(database_path: Path) -> Path:
    return Path(f"{database_path}.key")
