"""The public page of an invoice: ``/i/TOKEN``, for whoever knows the token, on a screen and on paper.

It shows what is on the invoice and nothing else of the account, in the invoice's own words, in the locale's ways. An
unknown token, one that is none, and an account without invoicing are all the same page that says so.
"""

import asyncio
import re
from collections.abc import Sequence
from unicodedata import east_asian_width

from litestar import get
from litestar.params import FromPath
from litestar.types import ASGIApp, ControllerRouterHandler
from markupsafe import Markup

from hourhook.domain.invoices.public_reading import find_by_share_token
from hourhook.domain.invoices.public_view import SharedInvoice
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.web import markdown
from hourhook.web.formatting import LocaleFormatter
from hourhook.web.paid_stamp import paid_stamp
from hourhook.web.rendering import render, render_text, sandboxed_page
from hourhook.web.responses import notice

# In lines; a quarter of a small page, beyond which browsers keep no room free.
MAX_REPEATED_FOOTER_LINES = 8
_CHARACTERS_PER_LINE = 110
_TOKEN = re.compile(r"[a-z0-9]{25}")
# A whole page; anything else is wrapped into one.
_WHOLE = re.compile(r"\s*<(?:!doctype|html)\b", re.IGNORECASE)
_UNLISTED = [("x-robots-tag", "noindex, nofollow, noarchive")]


def invoice_routes(database: Database) -> Sequence[ControllerRouterHandler]:
    """The route of the page."""

    @get("/i/{token:str}")
    async def show_invoice(token: FromPath[str]) -> ASGIApp:
        try:
            invoice = await database.read(find_by_share_token, token) if _TOKEN.fullmatch(token) else None
        except DatabaseUnavailable:
            text = "This page is not available at the moment. Please try again in a little while."
            return notice(503, "Not now", text, headers=[("retry-after", "1"), *_UNLISTED])
        if invoice is None:
            text = "The address may be incomplete, or the invoice was withdrawn. Whoever sent it to you can say."
            return notice(404, "There is no invoice here", text, headers=_UNLISTED)
        # A long report takes its time, and must not keep others waiting.
        return await asyncio.to_thread(_show, invoice)

    return [show_invoice]


def _show(invoice: SharedInvoice) -> ASGIApp:
    formatter = LocaleFormatter(invoice.locale, invoice.currency_code, invoice.currency_symbol, invoice.amounts())
    if invoice.custom_html is not None:
        html = invoice.custom_html
        if not _WHOLE.match(html):
            html = render_text("custom_invoice", invoice=invoice, formatter=formatter, html=Markup(html))
        return sandboxed_page(html, headers=_UNLISTED)
    return render(
        "invoice",
        headers=_UNLISTED,
        invoice=invoice,
        labels=invoice.labels,
        formatter=formatter,
        description=markdown.render(invoice.description),
        footer=markdown.render(invoice.footer),
        # What takes up a page is not printed on each.
        is_footer_repeated=_count_lines(invoice.footer) <= MAX_REPEATED_FOOTER_LINES,
        paid=paid_stamp(invoice.locale),
    )


def _count_lines(text: str) -> int:
    """How many lines a text takes on paper, more or less."""
    return sum(1 + _width(line) // _CHARACTERS_PER_LINE for line in text.splitlines())


def _width(line: str) -> int:
    """How wide a line is, in letters; signs of East Asia are as wide as two."""
    return sum(2 if east_asian_width(character) in ("W", "F") else 1 for character in line)
