"""Hashing and verifying passwords."""

import pytest

from hourhook.domain import passwords
from hourhook.errors import OperatorError


def test_a_password_is_verified_against_its_hash() -> None:
    stored = passwords.hash_password("correct horse \u00e9")

    assert "correct" not in stored
    assert passwords.verify_password("correct horse \u00e9", stored)
    assert not passwords.verify_password("correct horse", stored)
    assert not passwords.verify_password("\udc80", stored)


def test_no_password_is_correct_without_a_valid_hash() -> None:
    assert not passwords.verify_password("dummy password", None)
    assert not passwords.verify_password("", "no hash at all")


def test_a_longer_password_with_a_correct_prefix_is_wrong() -> None:
    stored = passwords.hash_password("x" * 1024)

    assert passwords.verify_password("x" * 1024, stored)
    assert not passwords.verify_password("x" * 1025, stored)


@pytest.mark.parametrize("password", ["", "x" * 1025])
def test_an_empty_or_too_long_password_is_refused(password: str) -> None:
    with pytest.raises(OperatorError, match="1 to 1024 characters"):
        passwords.hash_password(password)
