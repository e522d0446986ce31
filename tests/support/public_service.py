"""A server that answers as the public service does: the examples of its documentation, paged, without our headers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class PublicService:
    """The lists by path; ``broken`` are statuses to answer with first, None for a closed connection."""

    def __init__(self, lists: Mapping[str, list[dict[str, Any]]], per_page: int = 1) -> None:
        self.lists = lists
        self.per_page = per_page
        self.broken: list[int | None] = []
        # Of this list, each page leads to itself.
        self.endless: str | None = None
        self.targets: list[str] = []
        self.url = ""


@contextmanager
def running_public_service(service: PublicService) -> Iterator[PublicService]:
    """Run the service on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            service.targets.append(self.path)
            assert self.headers["User-Agent"]
            if service.broken:
                status = service.broken.pop(0)
                if status is None:
                    self.close_connection = True
                    return
                self._answer(status, b"", {"Retry-After": "3"})
                return
            url = urlsplit(self.path)
            found: Any = service.lists.get(url.path)
            if found is None:
                self._answer(404, b" ", {})
                return
            headers = {}
            if isinstance(found, list):
                page = int(dict(parse_qsl(url.query)).get("page", "1"))
                start = (page - 1) * service.per_page
                if start + service.per_page < len(found):
                    # Another host, to which the token must not go.
                    following = page if url.path == service.endless else page + 1
                    headers["Link"] = f'<https://elsewhere.invalid{url.path}?page={following}>; rel="next"'
                found = found[start : start + service.per_page]
            self._answer(200, json.dumps(found).encode(), headers)

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
