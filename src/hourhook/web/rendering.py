"""Render pages: HTML from a template, with a content security policy that allows only what the page itself contains.

A template is ``templates/NAME.html``, with a NAME such as ``auth/sign_in``, and extends ``layout.html``. A ``NAME.css``
beside it is appended to ``layout.css``. A page is complete as served: it loads no script, picture or font.

``sandboxed_page`` serves HTML of a user, under a policy of its own.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hourhook.http.responses import HTML, Headers, Response

_FOLDER = Path(__file__).parent / "templates"
# HTML of a user gets an opaque origin (``sandbox``): it cannot act as a page of this server, nor run, send or frame
# anything. It may have its own styles and pictures.
_SANDBOX_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def render(
    name: str,
    *,
    status: int = 200,
    form_targets: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
    cause: str | None = None,
    **values: object,
) -> Response:
    """Return the page of a template, with these values; ``cause`` is the reason of a 503.

    ``form_targets`` are the sources its forms may be sent to, redirects included, as the ``Content-Security-Policy``
    names them: ``'self'``, or an origin.
    """
    style = _style(name)
    targets = " ".join(form_targets) or "'none'"
    text = render_text(name, style=Markup(style), **values)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; img-src data:; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors 'none'"
    )
    # Forms to this server need it, since browsers send no ``Origin`` with them under ``no-referrer``.
    referrer = "same-origin" if "'self'" in form_targets else "no-referrer"
    return _page(text, status, policy, referrer, headers, cause)


def render_text(name: str, **values: object) -> str:
    return _templates().get_template(f"{name}.html").render(**values)


def sandboxed_page(html: str, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """Return a page of HTML that a user wrote, unchanged, in a sandbox."""
    return _page(html, 200, _SANDBOX_POLICY, "no-referrer", headers)


def encode_headers(headers: Sequence[tuple[str, str]]) -> Headers:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)


def _page(
    text: str, status: int, policy: str, referrer: str, headers: Sequence[tuple[str, str]], cause: str | None = None
) -> Response:
    common = [
        ("content-security-policy", policy),
        # URLs of pages contain secrets.
        ("referrer-policy", referrer),
        ("cache-control", "no-store"),
    ]
    return Response(status, text.encode(), encode_headers([*common, *headers]), HTML, cause)


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
    return (_FOLDER / "layout.css").read_text() + (own.read_text() if own.exists() else "")


@cache
def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
