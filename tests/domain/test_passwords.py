"""Passwords."""

import pytest

from hourhook.domain import passwords
from hourhook.errors import OperatorError


def test_a_password_is_right_or_wrong_by_its_hash() -> None:
    stored = passwords.hash_password("correct horse \u00e9")

    assert "correct" not in stored
    assert passwords.verify_password("correct horse \u00e9", stored)
    assert not passwords.verify_password("correct horse", stored)
    assert not passwords.verify_password("\udc80", stored)


def test_where_there_is_no_password_none_is_right() -> None:
    assert not passwords.verify_password("nobody's password", None)
    assert not passwords.verify_password("", "no hash at all")


def test_what_begins_with_a_password_of_the_greatest_length_is_not_right() -> None:
    stored = passwords.hash_password("x" * 1024)

    assert passwords.verify_password("x" * 1024, stored)
    assert not passwords.verify_password("x" * 1025, stored)


@pytest.mark.parametrize("password", ["", "x" * 1025])
def test_a_password_is_neither_empty_nor_endless(password: str) -> None:
    with pytest.raises(OperatorError, match="1 to 1024 characters"):
        passwords.hash_password(password)
