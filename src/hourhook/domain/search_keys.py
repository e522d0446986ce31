"""Texts as they are compared and searched: in any case, and in any of Unicode's spellings of the same letters."""

import unicodedata


def search_key(text: str) -> str:
    """The form in which equal texts are equal to the letter, and in which a ``…_key`` column holds its neighbour."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
