"""Render templates into pages, under one of three content security policies.

``app_page`` is a page of the app: styles and scripts of ``web/assets/`` and nothing else
(``docs/contributing/web.md``). ``render`` is a page that stands alone, such as an invoice, and carries its only style
in itself. ``sandboxed_page`` serves HTML of a user. No page may be stored.

A template is ``templates/NAME.html``, with a NAME such as ``auth/sign_in``.
"""

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from hourhook.http.responses import HTML, Headers, Response
from hourhook.web.assets import read_style

APP_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types hourhook"
)
# HTML of a user gets an opaque origin (``sandbox``): it cannot act as a page of this server, nor run, send or frame
# anything. It may have its own styles and pictures.
_SANDBOX_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# In a page that stands alone, before the style of its template.
_STANDALONE_STYLES = ("tokens", "base", "forms", "card")
_FOLDER = Path(__file__).parent / "templates"
_FRAGMENT_PREFIX = "live_"


def app_page(
    name: str, values: Mapping[str, object], *, status: int = 200, headers: Sequence[tuple[str, str]] = ()
) -> Response:
    """Return a page of the app, with these values."""
    text = _templates().get_template(f"{name}.html").render(values)
    return _page(text, status, APP_POLICY, "same-origin", headers)


def app_fragments(name: str, values: Mapping[str, object], fragments: Sequence[str], *, status: int = 200) -> Response:
    """Return live regions of a page of the app: the blocks ``live_NAME`` of its own template.

    Each is in an element with ``data-live="NAME"``; names that neither the template nor the frame has are left out.
    """
    templates = [_templates().get_template(f"{each}.html") for each in (name, "frame/layout")]
    text = "".join(
        f'<div data-live="{fragment}">{_render_block(template, _FRAGMENT_PREFIX + fragment, values)}</div>'
        for fragment in fragments
        for template in [template for template in templates if _FRAGMENT_PREFIX + fragment in template.blocks][:1]
    )
    return _page(text, status, APP_POLICY, "same-origin", ())


def render(
    name: str,
    *,
    status: int = 200,
    form_targets: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
    cause: str | None = None,
    **values: object,
) -> Response:
    """Return a page that stands alone: its style is in the page, ``NAME.css`` beside its template included.

    ``form_targets`` are the sources its forms may be sent to, redirects included, as the ``Content-Security-Policy``
    names them: ``'self'``, or an origin. ``cause`` is the reason of a 503.
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


def with_query(query: Mapping[str, Sequence[str]], **changes: object) -> str:
    """Return a link to the same page with other parameters; None leaves one out."""
    values = {**query, **{name: [] if value is None else [str(value)] for name, value in changes.items()}}
    return "?" + urlencode([(name, value) for name, found in values.items() for value in found], errors="replace")


def options_of(objects: Sequence[Any]) -> list[tuple[int, str]]:
    """Return the options of a combobox of projects, tags or users: ids and names."""
    return [(found.id, _name_of(found)) for found in objects]


def _name_of(found: Any) -> str:
    names = (found.first_name, found.last_name) if hasattr(found, "first_name") else (found.name,)
    return " ".join(filter(None, names)) or str(found.email)


def bar_height(duration_ms: int) -> int:
    """Return the height of an attempt in a strip of 20 units: logarithmic, from 1 ms to 10 s and above."""
    return min(20, 8 + round(3 * math.log10(max(1, duration_ms))))


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


def _render_block(template: Template, block: str, values: Mapping[str, object]) -> str:
    return "".join(template.blocks[block](template.new_context(dict(values))))


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # A global, since a block that is rendered alone does not see the imports of its template.
    environment.globals["with_query"] = with_query
    environment.globals["options_of"] = options_of
    environment.globals["bar_height"] = bar_height
    environment.globals["ui"] = environment.get_template("frame/macros.html").module
    return environment


@cache
def _style(name: str) -> str:
    own = _FOLDER / f"{name}.css"
    return "".join(map(read_style, _STANDALONE_STYLES)) + (own.read_text() if own.exists() else "")


@cache
def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
