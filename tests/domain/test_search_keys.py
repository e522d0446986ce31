"""Search keys of texts."""

import pytest

from hourhook.domain.search_keys import search_key


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Planning", "PLANNING"),
        ("Größe", "GRÖSSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("ΟΔΟΣ", "οδος"),
        ("\u1e9e", "ss"),
    ],
)
def test_texts_that_differ_in_case_or_normalization_have_one_key(first: str, second: str) -> None:
    assert search_key(first) == search_key(second)


def test_the_key_of_a_key_is_the_same() -> None:
    for text in ("Website", "İstanbul", "ﬁn", "e\u0301\u0327"):
        assert search_key(search_key(text)) == search_key(text)


def test_texts_that_differ_in_accents_have_different_keys() -> None:
    assert search_key("résumé") != search_key("resume")
