"""Secrets at rest."""

import stat
from pathlib import Path

import pytest

from hourhook.crypto import Keyring, load_or_create_key_file, validate_key
from hourhook.delivery.signing import new_secret
from hourhook.errors import OperatorError

KEY = "the key of this test, which is no secret"


def test_a_secret_comes_out_as_it_went_in_and_is_not_to_be_read_meanwhile() -> None:
    secret = new_secret()
    stored = Keyring(KEY).encrypt(secret)

    assert secret.encode() not in stored
    assert Keyring(KEY).decrypt(stored) == secret


def test_the_same_secret_is_never_stored_as_the_same_bytes() -> None:
    keyring = Keyring(KEY)

    assert keyring.encrypt("whsec_same") != keyring.encrypt("whsec_same")


def test_another_key_opens_nothing_and_is_told_what_to_do() -> None:
    stored = Keyring(KEY).encrypt("whsec_secret")

    with pytest.raises(OperatorError, match="give HOURHOOK_SECRET_KEY, or the key file beside the database"):
        Keyring(f"{KEY}.").decrypt(stored)


def test_bytes_that_were_changed_open_nothing() -> None:
    stored = Keyring(KEY).encrypt("whsec_secret")

    with pytest.raises(OperatorError):
        Keyring(KEY).decrypt(stored[:-1] + bytes([stored[-1] ^ 1]))


def test_a_key_of_the_settings_must_be_long_enough() -> None:
    assert validate_key("k" * 32) == "k" * 32
    with pytest.raises(OperatorError, match="HOURHOOK_SECRET_KEY must have at least 32 characters"):
        validate_key("k" * 31)


def test_the_key_beside_a_database_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    key = load_or_create_key_file(tmp_path / "hourhook.db")

    file = tmp_path / "hourhook.db.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{key}\n"
    assert load_or_create_key_file(tmp_path / "hourhook.db") == key
    assert load_or_create_key_file(tmp_path / "another.db") != key
    assert validate_key(key) == key


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_key_file_that_holds_no_key_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hourhook.db.key"
    file.write_bytes(content)

    with pytest.raises(OperatorError, match="put it back from a backup"):
        load_or_create_key_file(tmp_path / "hourhook.db")
    assert file.read_bytes() == content
