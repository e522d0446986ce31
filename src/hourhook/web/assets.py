"""Styles and scripts of the pages: package resources under ``/assets/HASH/``, which browsers cache for good.

The hash covers all of them, so a page always gets the assets of its own version. The styles are served as one file, in
the order of ``STYLES``; each script is an ES module.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.responses import Headers, Response
from hourhook.http.router import MethodRoutes

STYLES = ("tokens", "base", "forms", "card", "frame", "components", "pages", "webhooks")
_FOLDER = Path(__file__).parent / "assets"
_TYPES = {".css": b"text/css; charset=utf-8", ".js": b"text/javascript; charset=utf-8", ".svg": b"image/svg+xml"}
_IMMUTABLE = (b"cache-control", b"public, max-age=31536000, immutable")
_VARY = (b"vary", b"accept-encoding")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, and its gzip."""

    media_type: bytes
    content: bytes
    compressed: bytes


@cache
def read_style(name: str) -> str:
    """Return one of the style sheets."""
    return (_FOLDER / "styles" / f"{name}.css").read_text()


@cache
def assets() -> Mapping[str, Asset]:
    """Return the assets by name, such as ``app.css`` or ``modules/app.js``."""
    contents = {"app.css": "".join(map(read_style, STYLES)).encode()}
    for path in sorted(_FOLDER.rglob("*")):
        if path.suffix in (".js", ".svg"):
            contents[path.relative_to(_FOLDER).as_posix()] = path.read_bytes()
    return {
        name: Asset(_TYPES[Path(name).suffix], content, gzip.compress(content, mtime=0))
        for name, content in contents.items()
    }


@cache
def asset_path(name: str) -> str:
    """Return the path of an asset; raises ``KeyError`` if there is none of this name."""
    assets()[name]
    return f"/assets/{_hash()}/{name}"


def module_names() -> list[str]:
    return [name for name in assets() if name.endswith(".js")]


def asset_routes() -> Mapping[str, Application]:
    return {asset_path(name): MethodRoutes({"GET": partial(_serve, asset)}) for name, asset in assets().items()}


async def _serve(asset: Asset, scope: Scope, receive: Receive, send: Send) -> None:
    encodings = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    headers: Headers = (_IMMUTABLE, _VARY)
    content = asset.content
    if b"gzip" in encodings and b"gzip;q=0" not in encodings.replace(b" ", b""):
        headers, content = (*headers, (b"content-encoding", b"gzip")), asset.compressed
    await Response(200, content, headers, asset.media_type)(scope, receive, send)


@cache
def _hash() -> str:
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + b"\0" + asset.content + b"\0")
    return digest.hexdigest()[:16]
