"""Pagination: ``page``, ``per_page``, ``after_id`` and ``Link`` (``docs/api/conventions.md#pagination``)."""

import re
from urllib.parse import quote

from hourhook.api.credentials import CREDENTIAL_PARAMETERS
from hourhook.domain.inputs import Query
from hourhook.domain.inputs.numbers import MAX_ID
from hourhook.domain.pages import DEFAULT_PAGE_SIZE, MAX_PAGE, MAX_PAGE_SIZE, Pagination
from hourhook.http.queries import Pairs

AFTER_ID_MESSAGE = "after_id must be an integer from 0 on, without page beside it."
_DIGITS = re.compile(r"[0-9]+")
# Longer than any number that a client counts with, and quick to parse.
_AFTER_ID = re.compile(r"[0-9]{1,20}")


def parse_paging(query: Query, *, by_id: bool = False) -> Pagination:
    """Return the requested page. A ``page`` or ``per_page`` that is not a number from 1 on counts as absent.

    With ``by_id``, ``after_id`` is read too; what ``is_after_id_valid`` rejects counts as absent.
    """
    after_id = _last(query, "after_id") if by_id else ""
    return Pagination(
        min(_number(query.get("page"), 1), MAX_PAGE),
        min(_number(query.get("per_page"), DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE),
        # After the greatest id there is nothing, as after any greater number.
        min(int(after_id), MAX_ID) if _AFTER_ID.fullmatch(after_id) else None,
    )


def is_after_id_valid(query: Query) -> bool:
    """Return whether ``after_id`` is absent, or an integer from 0 on without ``page`` beside it."""
    after_id = _last(query, "after_id")
    return not after_id or (_AFTER_ID.fullmatch(after_id) is not None and not _last(query, "page"))


def link_after_id(url: str, pairs: Pairs, last_id: int) -> str:
    """Return the ``Link`` header of a part of a collection that ends with the object ``last_id``."""
    return f'<{_url(url, _retained(pairs, "after_id"), "after_id", last_id)}>; rel="next"'


def link_header(url: str, pairs: Pairs, pagination: Pagination, total: int | None) -> str | None:
    """Return the ``Link`` header of one page of a collection at ``url``; None if everything fits on one page.

    It has no ``last`` if the total is unknown, which it is only if a page follows.
    """
    last = pagination.page + 1 if total is None else -(-total // pagination.per_page)
    if last <= 1:
        return None
    retained = _retained(pairs, "page")
    pages = {"first": 1, "last": last, "next": pagination.page + 1, "prev": min(pagination.page - 1, last)}
    rels: tuple[str, ...]
    if total is None:
        rels = ("next",) if pagination.page == 1 else ("first", "next", "prev")
    elif pagination.page == 1:
        rels = ("last", "next")
    elif pagination.page < last:
        rels = ("first", "last", "next", "prev")
    else:
        rels = ("first", "prev")
    return ", ".join(f'<{_url(url, retained, "page", pages[rel])}>; rel="{rel}"' for rel in rels)


def _retained(pairs: Pairs, replaced: str) -> Pairs:
    return [(key, value) for key, value in pairs if key.removesuffix("[]") not in (replaced, *CREDENTIAL_PARAMETERS)]


def _url(url: str, retained: Pairs, name: str, number: int) -> str:
    pairs = sorted([*retained, (name, str(number))], key=lambda pair: pair[0])
    # Everything is percent-encoded, since some clients split the header on commas.
    return url + "?" + "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _last(query: Query, name: str) -> str:
    """Return the last value that is not empty."""
    return next((text for value in reversed(query.get(name, ())) if (text := value.strip())), "")


def _number(texts: list[str] | None, default: int) -> int:
    text = texts[-1].strip() if texts else ""
    if not _DIGITS.fullmatch(text):
        return default
    return (int(text) or default) if len(text) <= 12 else MAX_PAGE
