"""Encryption of secrets, and the key file."""

import stat
from pathlib import Path

import pytest

from hourhook.crypto import Keyring, load_or_create_key_file, validate_key
from hourhook.delivery.signing import new_secret
from hourhook.errors import OperatorError

KEY = "the key of this test, which is no secret"


def test_an_encrypted_secret_can_be_decrypted_but_not_read() -> None:
    secret = new_secret()
    stored = Keyring(KEY).encrypt(secret)

    assert secret.encode() not in stored
    assert Keyring(KEY).decrypt(stored) == secret


def test_encrypting_a_secret_twice_yields_different_bytes() -> None:
    keyring = Keyring(KEY)

    assert keyring.encrypt("whsec_same") != keyring.encrypt("whsec_same")


def test_decrypting_with_another_key_is_refused_with_advice() -> None:
    stored = Keyring(KEY).encrypt("whsec_secret")

    with pytest.raises(OperatorError, match="set HOURHOOK_SECRET_KEY, or restore the key file next to the database"):
        Keyring(f"{KEY}.").decrypt(stored)


def test_altered_ciphertext_is_refused() -> None:
    stored = Keyring(KEY).encrypt("whsec_secret")

    with pytest.raises(OperatorError):
        Keyring(KEY).decrypt(stored[:-1] + bytes([stored[-1] ^ 1]))


def test_a_short_key_in_the_settings_is_refused() -> None:
    assert validate_key("k" * 32) == "k" * 32
    with pytest.raises(OperatorError, match="HOURHOOK_SECRET_KEY must have at least 32 characters"):
        validate_key("k" * 31)


def test_the_key_file_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    key = load_or_create_key_file(tmp_path / "hourhook.db")

    file = tmp_path / "hourhook.db.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{key}\n"
    assert load_or_create_key_file(tmp_path / "hourhook.db") == key
    assert load_or_create_key_file(tmp_path / "another.db") != key
    assert validate_key(key) == key


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_key_file_without_a_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hourhook.db.key"
    file.write_bytes(content)

    with pytest.raises(OperatorError, match="restore it from a backup"):
        load_or_create_key_file(tmp_path / "hourhook.db")
    assert file.read_bytes() == content
