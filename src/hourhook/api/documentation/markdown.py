"""Render a page of the documentation: Markdown with tables, and anchors at the headings."""

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

# Returns the target of a relative link; None leaves its text without a link.
Resolve = Callable[[str], str | None]

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def render(text: str, resolve: Resolve) -> Markup:
    parser = _parser()
    tokens = parser.parse(text)
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", slug_of(inline.content))
        if inline.type == "inline":
            inline.children = _with_resolved_links(inline.children or [], resolve)
    html = parser.renderer.render(_with_adapted_tables(tokens), parser.options, {})
    # Wide examples scroll, which takes the focus where there is no mouse.
    return Markup(html.replace("<pre>", '<pre tabindex="0">'))


def slug_of(heading: str) -> str:
    """Return the anchor of a heading, as hosts of repositories make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _with_resolved_links(tokens: list[Token], resolve: Resolve) -> list[Token]:
    kept: list[Token] = []
    open_links: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            target = _target(str(token.attrGet("href")), resolve)
            open_links.append(target is not None)
            if target is None:
                continue
            token.attrSet("href", target)
        elif token.type == "link_close" and not open_links.pop():
            continue
        elif token.type == "image":
            token.attrSet("src", _target(str(token.attrGet("src")), resolve) or "")
        kept.append(token)
    return kept


def _target(link: str, resolve: Resolve) -> str | None:
    return link if _ABSOLUTE.match(link) else resolve(link)


def _with_adapted_tables(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each table in an element that scrolls, so that a wide table fits a narrow screen.

    The alignment of cells is a class, since the policy of the page forbids inline styles.
    """
    found: list[Token] = []
    for token in tokens:
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrSet("class", str(token.attrs.pop("style")).removeprefix("text-align:"))
        if token.type == "table_open":
            found.append(Token("div_open", "div", 1, attrs={"class": "table", "tabindex": "0"}))
        found.append(token)
        if token.type == "table_close":
            found.append(Token("div_close", "div", -1))
    return found


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table"])
