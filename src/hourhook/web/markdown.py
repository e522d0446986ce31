"""The limited Markdown of descriptions and footers: text, lists and links, and nothing that acts.

HTML and pictures in it are shown as they were typed. A link leads to the web or to a mail address, and says that it is
nobody's recommendation; any other stays the text that it was.
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
# A heading of the text stands below those of the page.
_HEADINGS_BELOW = 2


def render(text: str) -> Markup:
    """The HTML of a text."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _HEADINGS_BELOW, 6)}"
        for part in token.children or ():
            if part.type == "link_open":
                part.attrSet("rel", "nofollow noopener")
    # Safe, since whatever was HTML in the text is escaped by now.
    return Markup(parser.renderer.render(tokens, parser.options, {}))


class _Limited(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - as the library calls it
        """Whether a link may lead there."""
        return _ALLOWED.match(url) is not None


@cache
def _parser() -> MarkdownIt:
    # Lines end where they were ended: these are texts of letters, not of programs.
    return _Limited("zero", {"html": False, "breaks": True}).enable([*_BLOCKS, *_INLINES])
