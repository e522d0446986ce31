"""Hashtags in a text: where they are, and how they are rewritten (contract, tags.md).

A hashtag is ``#`` at the start of the text or after whitespace or one of ``( [ { , ; :``, then 1 to 30 letters, digits,
``_`` or ``-``, then at most one ``*``. Letters and digits are Unicode's, with the marks that belong to them, since many
scripts cannot be written without. A longer run of them is no hashtag at all: cut off, it would be another word.
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
    """One occurrence of a hashtag: its name, whether a ``*`` follows, and where it begins and ends."""

    name: str
    is_starred: bool
    start: int
    end: int

    @property
    def key(self) -> str:
        """The form in which the names of one tag are the same."""
        return search_key(self.name)


def find(text: str | None) -> Iterator[Hashtag]:
    """Every hashtag of a text, in order of appearance."""
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
    """The name in ``planning``, ``#planning`` or ``holiday*``, and whether it is starred; None if it is no tag's.

    Whitespace around it is left out, as around every name.
    """
    name = text.strip().removeprefix("#")
    is_starred = name.endswith("*")
    name = name.removesuffix("*")
    if not 1 <= len(name) <= MAX_LENGTH or not all(map(_may_be_in_name, name)):
        return None
    return name, is_starred


def format_name(name: str, billable: bool) -> str:
    """A tag as its hashtag: ``#planning``, or ``#holiday*`` when it is unbillable."""
    return f"#{name}" if billable else f"#{name}*"


def rename(text: str, key: str, hashtag: str) -> str:
    """Write ``hashtag`` in place of every hashtag of the tag with this key; all else stays to the letter."""

    def replacement(found: Hashtag) -> str:
        # Where the star stood between two words, dropping it would make one word of them.
        is_separator = found.is_starred and found.end < len(text) and _may_be_in_name(text[found.end])
        return f"{hashtag}*" if is_separator and not hashtag.endswith("*") else hashtag

    return _rewrite(text, key, replacement)


def strip_hash_sign(text: str, key: str) -> str:
    """Turn every hashtag of the tag with this key into its plain word; all else stays to the letter."""
    return _rewrite(text, key, lambda found: found.name)


def _rewrite(text: str, key: str, replacement: Callable[[Hashtag], str]) -> str:
    parts = []
    done = 0
    for found in find(text):
        if found.key == key:
            parts += [text[done : found.start], replacement(found)]
            done = found.end
    return "".join([*parts, text[done:]])


@lru_cache(maxsize=4096)
def _may_be_in_name(character: str) -> bool:
    return character in "_-" or unicodedata.category(character) in _CATEGORIES


_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})
