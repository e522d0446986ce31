"""``/i/TOKEN``: the public page of an invoice, for the screen and for print (``docs/guides/sharing-invoices.md``).

It shows what is on the invoice and nothing else of the account, with the labels and the locale of the invoice. Unknown
and malformed tokens and those of accounts without invoicing get the same 404.
"""

import asyncio
import re
from collections.abc import Mapping
from unicodedata import east_asian_width

from markupsafe import Markup
from starlette.requests import Request

from hourhook.domain.invoices.public_reading import find_by_share_token
from hourhook.domain.invoices.public_view import SharedInvoice
from hourhook.errors import DatabaseUnavailable
from hourhook.http.asgi import Application
from hourhook.http.responses import Response
from hourhook.store.database import Database
from hourhook.web import markdown
from hourhook.web.formatting import LocaleFormatter
from hourhook.web.paid_stamp import paid_stamp
from hourhook.web.rendering import render, render_text, sandboxed_page
from hourhook.web.responses import notice, page_route

# The path goes on with a secret.
PREFIX = "/i/"
# In lines; a quarter of a small page, beyond which browsers reserve no space for it.
MAX_REPEATED_FOOTER_LINES = 8
_CHARACTERS_PER_LINE = 110
_TOKEN = re.compile(r"[a-z0-9]{25}")
# A complete HTML page; anything else is wrapped in one.
_COMPLETE = re.compile(r"\s*<(?:!doctype|html)\b", re.IGNORECASE)
_UNLISTED = [("x-robots-tag", "noindex, nofollow, noarchive")]


def invoice_routes(database: Database) -> Mapping[str, Application]:
    async def show(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            invoice = await database.read(find_by_share_token, token) if _TOKEN.fullmatch(token) else None
        except DatabaseUnavailable as error:
            text = "This page is not available at the moment. Please try again in a minute."
            headers = [("retry-after", "1"), *_UNLISTED]
            return notice(503, "Temporarily unavailable", text, headers=headers, cause=str(error))
        if invoice is None:
            text = "The address may be incomplete, or the invoice is no longer shared. Ask the sender for a new link."
            return notice(404, "Invoice not found", text, headers=_UNLISTED)
        # In a thread, since a long report takes long to render.
        return await asyncio.to_thread(_render, invoice)

    return {f"{PREFIX}{{token}}": page_route(GET=show)}


def _render(invoice: SharedInvoice) -> Response:
    formatter = LocaleFormatter(invoice.locale, invoice.currency_code, invoice.currency_symbol, invoice.amounts())
    if invoice.custom_html is not None:
        html = invoice.custom_html
        if not _COMPLETE.match(html):
            html = render_text("public/custom_invoice", invoice=invoice, formatter=formatter, html=Markup(html))
        return sandboxed_page(html, headers=_UNLISTED)
    return render(
        "public/invoice",
        headers=_UNLISTED,
        invoice=invoice,
        labels=invoice.labels,
        formatter=formatter,
        description=markdown.render(invoice.description),
        footer=markdown.render(invoice.footer),
        # A footer as long as a page is not repeated on each.
        is_footer_repeated=_count_lines(invoice.footer) <= MAX_REPEATED_FOOTER_LINES,
        paid=paid_stamp(invoice.locale),
    )


def _count_lines(text: str) -> int:
    """Estimate the lines that a text takes in print."""
    return sum(1 + _width(line) // _CHARACTERS_PER_LINE for line in text.splitlines())


def _width(line: str) -> int:
    """Return the width of a line in letters; wide East Asian characters count as two."""
    return sum(2 if east_asian_width(character) in ("W", "F") else 1 for character in line)
