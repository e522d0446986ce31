"""Pages in requests and answers: ``page``, ``per_page`` and ``Link`` (contract, 00-conventions §6, §17)."""

import re
from urllib.parse import parse_qsl, quote

from hourhook.domain.inputs import Query
from hourhook.domain.pages import DEFAULT_PAGE_SIZE, MAX_PAGE, MAX_PAGE_SIZE, Pagination

CREDENTIAL_PARAMETERS = ("noko_token", "freckle_token", "access_token", "token")
Pairs = list[tuple[str, str]]

_DIGITS = re.compile(r"[0-9]+")


def parse_query_string(query_string: bytes) -> Pairs:
    """The parameters of a query string, in order; what is no UTF-8 survives as lone surrogates."""
    if not query_string:
        return []
    return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")


def parse_paging(query: Query) -> Pagination:
    """The page that is asked for; what is no number from 1 on counts as absent."""
    return Pagination(
        min(_number(query.get("page"), 1), MAX_PAGE),
        min(_number(query.get("per_page"), DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE),
    )


def link_header(url: str, pairs: Pairs, pagination: Pagination, total: int) -> str | None:
    """The ``Link`` header of one page of a collection at ``url``; None when everything fits on one page."""
    last = -(-total // pagination.per_page)
    if last <= 1:
        return None
    kept = sorted(
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
    return ", ".join(f'<{_page_url(url, kept, pages[rel])}>; rel="{rel}"' for rel in rels)


def _page_url(url: str, kept: Pairs, page: int) -> str:
    pairs = sorted([*kept, ("page", str(page))], key=lambda pair: pair[0])
    # Nothing is left unencoded, since some clients split the header on commas.
    return url + "?" + "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _number(texts: list[str] | None, default: int) -> int:
    text = texts[-1].strip() if texts else ""
    if not _DIGITS.fullmatch(text):
        return default
    return (int(text) or default) if len(text) <= 12 else MAX_PAGE
