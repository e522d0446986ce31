"""Render the limited Markdown of invoice descriptions and footers: text, lists and links.

HTML and pictures are shown as typed. A link may lead to the web or to a mail address, with ``rel="nofollow noopener"``;
any other stays plain text.
"""

import re
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

_BLOCKS = ("heading", "list", "blockquote", "hr")
_INLINES = (
    "emphasis",
    "backticks",
    "link",
    "autolink",
    "newline",
    "escape",
    "entity",
    "balance_pairs",
    "fragments_join",
)
_ALLOWED = re.compile(r"https?://|mailto:", re.IGNORECASE)
# Headings of the text are below those of the page.
_HEADINGS_BELOW = 2


def render(text: str) -> Markup:
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _HEADINGS_BELOW, 6)}"
        for part in token.children or ():
            if part.type == "link_open":
                part.attrSet("rel", "nofollow noopener")
    # Safe, since the parser has escaped any HTML in the text.
    return Markup(parser.renderer.render(tokens, parser.options, {}))


class _Limited(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - as the library calls it
        return _ALLOWED.match(url) is not None


@cache
def _parser() -> MarkdownIt:
    # Line breaks are kept, as in a letter.
    return _Limited("zero", {"html": False, "breaks": True}).enable([*_BLOCKS, *_INLINES])
