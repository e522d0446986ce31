"""Pages: HTML from a template, with headers that let nothing in but what the page itself carries.

A template is ``templates/NAME.html``, built on ``layout.html``; a ``NAME.css`` beside it is added to the style of the
house. Everything is in the page as it is served: no script, picture or font comes from anywhere else.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.response.base import ASGIResponse
from markupsafe import Markup

_FOLDER = Path(__file__).parent / "templates"


def page(
    name: str,
    *,
    status: int = 200,
    form_targets: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
    **values: object,
) -> ASGIResponse:
    """The answer that shows a template.

    ``form_targets`` are the sources that its forms may be sent to, redirects included, as in the
    ``Content-Security-Policy``: ``'self'``, or an origin.
    """
    style = _style(name)
    targets = " ".join(form_targets) or "'none'"
    text = _templates().get_template(f"{name}.html").render(style=Markup(style), **values)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; img-src data:; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors 'none'"
    )
    return ASGIResponse(
        body=text.encode(),
        status_code=status,
        media_type="text/html",
        headers=[
            ("content-security-policy", policy),
            # Addresses of pages hold what is nobody else's business. Where a page has a form of ours, browsers say
            # where it is sent from only if they may say so to ourselves.
            ("referrer-policy", "same-origin" if "'self'" in form_targets else "no-referrer"),
            ("cache-control", "no-store"),
            *headers,
        ],
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style(name: str) -> str:
    own = _FOLDER / f"{name}.css"
    return (_FOLDER / "house.css").read_text() + (own.read_text() if own.exists() else "")


@cache
def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
