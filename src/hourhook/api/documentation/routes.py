"""Serve the pages of the documentation and their images below ``/docs``.

Each page is rendered on its first request. It loads nothing but its images, and runs no script.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hourhook.api.documentation import markdown
from hourhook.api.documentation.pages import PREFIX, Documentation, find_documentation, image_type, title_of
from hourhook.api.openapi.docs_page import digest, style_text
from hourhook.domain.links import Links
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.compression import Precompressed
from hourhook.http.context import get_context
from hourhook.http.lazy import Lazy
from hourhook.http.responses import HTML, Response
from hourhook.http.router import MethodRoutes

_FOLDER = Path(__file__).parent
# For an image that is opened by itself.
_IMAGE_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; sandbox"


def documentation_routes(links: Links) -> Mapping[str, Application]:
    documentation = find_documentation()
    routes = {
        path: _route(f"{PREFIX}{{page}}", partial(_render, documentation, links, path)) for path in documentation.pages
    }
    routes |= {alias: routes[path] for alias, path in documentation.aliases.items()}
    routes |= {
        path: _route(f"{PREFIX}{{image}}", partial(_load_image, file)) for path, file in documentation.images.items()
    }
    return routes


def _route(template: str, make: Callable[[], Application]) -> Application:
    application = Lazy(make)

    async def show(scope: Scope, receive: Receive, send: Send) -> None:
        # One route in logs and metrics for all pages.
        get_context(scope).route = template
        await application(scope, receive, send)

    return MethodRoutes({"GET": show})


def _render(documentation: Documentation, links: Links, path: str) -> Application:
    def resolve(link: str) -> str | None:
        target = documentation.resolve(path, link)
        return None if target is None else links.href(target)

    file = documentation.pages[path]
    style = style_text() + (_FOLDER / "page.css").read_text()
    text = (
        _environment()
        .get_template("page.html")
        .render(
            title=title_of(file),
            titles={name: title_of(page) for name, page in documentation.pages.items()},
            sections=documentation.sections,
            current=path,
            content=markdown.render(file.read_text(), resolve),
            style=Markup(style),
            href=links.href,
        )
    )
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return Precompressed(Response(200, text.encode(), ((b"content-security-policy", policy.encode()),), HTML))


def _load_image(file: Path) -> Application:
    headers = ((b"content-security-policy", _IMAGE_POLICY),)
    response = Response(200, file.read_bytes(), headers, image_type(file))
    return Precompressed(response) if file.suffix == ".svg" else response


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
