"""Search keys: case-folded, normalized texts, by which names are compared and texts searched."""

import unicodedata


def search_key(text: str) -> str:
    """Return the form stored in a ``…_key`` column: Unicode case folding and NFC normalization.

    The reasons are in ``docs/decisions/0008-key-columns.md``.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
