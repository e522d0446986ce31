"""Query strings of requests."""

from urllib.parse import parse_qsl

Pairs = list[tuple[str, str]]


def parse_query_string(query_string: bytes, *, errors: str = "surrogateescape") -> Pairs:
    """Return the parameters in order. Bytes that are not UTF-8 become lone surrogates, which can be refused."""
    if not query_string:
        return []
    return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors=errors)
