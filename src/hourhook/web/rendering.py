"""Pages: HTML from a template, with headers that let nothing in but what the page itself carries.

A template is ``templates/NAME.html``, built on ``layout.html``; a ``NAME.css`` beside it is added to the style of the
house. Everything is in the page as it is served: no script, picture or font comes from anywhere else.

``sandboxed_page`` serves HTML that somebody else wrote, behind a policy of its own.
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
# What somebody else wrote gets an origin of its own that is nobody's (``sandbox``), so that it can neither act as one
# of our pages nor run, send or frame anything. It may look as it likes, with pictures of its own.
_FOREIGN_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def render(
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
    text = render_text(name, style=Markup(style), **values)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; img-src data:; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors 'none'"
    )
    # Where a page has a form of ours, browsers say where it is sent from only if they may say so to ourselves.
    referrer = "same-origin" if "'self'" in form_targets else "no-referrer"
    return _answer(text, status, policy, referrer, headers)


def render_text(name: str, **values: object) -> str:
    """The text of a template."""
    return _templates().get_template(f"{name}.html").render(**values)


def sandboxed_page(html: str, *, headers: Sequence[tuple[str, str]] = ()) -> ASGIResponse:
    """The answer that shows HTML that somebody else wrote, as it is, and lets it do nothing."""
    return _answer(html, 200, _FOREIGN_POLICY, "no-referrer", headers)


def _answer(text: str, status: int, policy: str, referrer: str, headers: Sequence[tuple[str, str]]) -> ASGIResponse:
    return ASGIResponse(
        body=text.encode(),
        status_code=status,
        media_type="text/html",
        headers=[
            ("content-security-policy", policy),
            # Addresses of pages hold what is nobody else's business.
            ("referrer-policy", referrer),
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
