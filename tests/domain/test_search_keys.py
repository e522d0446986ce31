"""Texts as they are compared."""

import pytest

from hourhook.domain.search_keys import search_key


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
    assert search_key(one) == search_key(other)


def test_a_key_is_its_own_key() -> None:
    for text in ("Website", "İstanbul", "ﬁn", "e\u0301\u0327"):
        assert search_key(search_key(text)) == search_key(text)


def test_what_an_accent_sets_apart_stays_apart() -> None:
    assert search_key("résumé") != search_key("resume")
