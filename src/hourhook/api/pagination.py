"""Pagination: ``page``, ``per_page`` and the ``Link`` header (``docs/api/conventions.md#pagination``)."""

import re
from urllib.parse import quote

from hourhook.api.credentials import CREDENTIAL_PARAMETERS
from hourhook.domain.inputs import Query
from hourhook.domain.pages import DEFAULT_PAGE_SIZE, MAX_PAGE, MAX_PAGE_SIZE, Pagination
from hourhook.http.queries import Pairs

_DIGITS = re.compile(r"[0-9]+")


def parse_paging(query: Query) -> Pagination:
    """Return the requested page. A value that is not a number from 1 on counts as absent."""
    return Pagination(
        min(_number(query.get("page"), 1), MAX_PAGE),
        min(_number(query.get("per_page"), DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE),
    )


def link_header(url: str, pairs: Pairs, pagination: Pagination, total: int) -> str | None:
    """Return the ``Link`` header of one page of a collection at ``url``; None if everything fits on one page."""
    last = -(-total // pagination.per_page)
    if last <= 1:
        return None
    retained = sorted(
        ((key, value) for key, value in pairs if key.removesuffix("[]") != "page" and key not in CREDENTIAL_PARAMETERS),
        key=lambda pair: pair[0],
    )
    pages = {"first": 1, "last": last, "next": pagination.page + 1, "prev": min(pagination.page - 1, last)}
    rels: tuple[str, ...]
    if pagination.page == 1:
        rels = ("last", "next")
    elif pagination.page < last:
        rels = ("first", "last", "next", "prev")
    else:
        rels = ("first", "prev")
    return ", ".join(f'<{_page_url(url, retained, pages[rel])}>; rel="{rel}"' for rel in rels)


def _page_url(url: str, retained: Pairs, page: int) -> str:
    pairs = sorted([*retained, ("page", str(page))], key=lambda pair: pair[0])
    # Everything is percent-encoded, since some clients split the header on commas.
    return url + "?" + "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _number(texts: list[str] | None, default: int) -> int:
    text = texts[-1].strip() if texts else ""
    if not _DIGITS.fullmatch(text):
        return default
    return (int(text) or default) if len(text) <= 12 else MAX_PAGE
