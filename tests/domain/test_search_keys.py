"""Texts as they are compared."""

import pytest

from hourhook.domain.search_keys import key_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Planning", "PLANNING"),
        ("Größe", "GRÖSSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("ΟΔΟΣ", "οδος"),
        ("\u1e9e", "ss"),
    ],
)
def test_texts_that_differ_in_case_or_spelling_alone_have_one_key(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


def test_a_key_is_its_own_key() -> None:
    for text in ("Website", "İstanbul", "ﬁn", "e\u0301\u0327"):
        assert key_of(key_of(text)) == key_of(text)


def test_what_an_accent_sets_apart_stays_apart() -> None:
    assert key_of("résumé") != key_of("resume")
