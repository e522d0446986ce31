"""Find and rewrite hashtags in a text (``docs/api/tags.md#hashtags``).

A hashtag is ``#`` at the start of the text or after whitespace or one of ``( [ { , ; :``, then 1 to 30 letters, digits,
``_`` or ``-``, then at most one ``*``. Letters and digits are those of Unicode, with their combining marks, which many
scripts need. A longer run is not a hashtag at all, because cutting it off would make another word.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from hourhook.domain.search_keys import search_key

MAX_LENGTH = 30
_OPENING = re.compile(r"(?:^|(?<=[\s(\[{,;:]))#")


@dataclass(frozen=True, slots=True)
class Hashtag:
    """One occurrence of a hashtag, at ``text[start:end]``; ``is_starred`` if a ``*`` follows the name."""

    name: str
    is_starred: bool
    start: int
    end: int

    @property
    def key(self) -> str:
        """The search key of the name, under which the tag is found."""
        return search_key(self.name)


def find(text: str | None) -> Iterator[Hashtag]:
    """Yield the hashtags of a text, in order of appearance."""
    if text is None or "#" not in text:
        return
    for opening in _OPENING.finditer(text):
        start = opening.start()
        end = start + 1
        while end < len(text) and _may_be_in_name(text[end]):
            end += 1
        name = text[start + 1 : end]
        if 1 <= len(name) <= MAX_LENGTH:
            is_starred = text.startswith("*", end)
            yield Hashtag(name, is_starred, start, end + is_starred)


def parse_name(text: str) -> tuple[str, bool] | None:
    """Parse ``planning``, ``#planning`` or ``holiday*`` into the name and whether it is starred.

    Surrounding whitespace is ignored. Returns None if it is not a valid tag name.
    """
    name = text.strip().removeprefix("#")
    is_starred = name.endswith("*")
    name = name.removesuffix("*")
    if not 1 <= len(name) <= MAX_LENGTH or not all(map(_may_be_in_name, name)):
        return None
    return name, is_starred


def format_name(name: str, billable: bool) -> str:
    """Return the hashtag of a tag: ``#planning``, or ``#holiday*`` if it is unbillable."""
    return f"#{name}" if billable else f"#{name}*"


def rename(text: str, key: str, hashtag: str) -> str:
    """Replace every hashtag of the tag with this key by ``hashtag``."""

    def replacement(found: Hashtag) -> str:
        # Dropping a star between two words would join them into one.
        is_separator = found.is_starred and found.end < len(text) and _may_be_in_name(text[found.end])
        return f"{hashtag}*" if is_separator and not hashtag.endswith("*") else hashtag

    return _rewrite(text, key, replacement)


def strip_hash_sign(text: str, key: str) -> str:
    """Replace every hashtag of the tag with this key by its plain name."""
    return _rewrite(text, key, lambda found: found.name)


def _rewrite(text: str, key: str, replacement: Callable[[Hashtag], str]) -> str:
    parts = []
    copied = 0
    for found in find(text):
        if found.key == key:
            parts += [text[copied : found.start], replacement(found)]
            copied = found.end
    return "".join([*parts, text[copied:]])


@lru_cache(maxsize=4096)
def _may_be_in_name(character: str) -> bool:
    return character in "_-" or unicodedata.category(character) in _CATEGORIES


_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})
