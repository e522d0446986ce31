"""Read another server of the Noko v2 API: page by page, at the rate it allows, over connections that may break."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event
from time import monotonic
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from hourhook import __version__
from hourhook.cli.importing.link_headers import parse_link_header
from hourhook.clock import SystemClock
from hourhook.delivery.transports.http.tls import make_context
from hourhook.delivery.transports.http.uris import InvalidUri, parse_uri
from hourhook.delivery.transports.outcomes import parse_retry_after
from hourhook.domain.imports.batches import find_id
from hourhook.errors import OperatorError

PER_PAGE = 1000
TIMEOUT_SECONDS = 60.0
# The public service allows two requests per second.
PUBLIC_INTERVAL_SECONDS = 0.5
# Between attempts of one request: doubled each time.
FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 60.0
MAX_ATTEMPTS = 8

Page = list[msgspec.Raw]


def _sleep(seconds: float) -> None:
    Event().wait(seconds)


class ListRefused(Exception):
    """The source refuses a list, or a page of it; the text says how."""


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """The account of the token at the source."""

    id: int
    name: str
    created_at: str


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: dict[str, str]
    body: bytes


class Source:
    """One account at another server, as a token sees it."""

    def __init__(
        self,
        url: str,
        token: str,
        ca_file: str | None,
        on_wait: Callable[[str], None],
        sleep: Callable[[float], object] = _sleep,
    ) -> None:
        """Tell ``on_wait`` why a request is repeated. Raises ``OperatorError`` if the URL cannot be used."""
        self.url = url.rstrip("/").removesuffix("/v2")
        try:
            parsed = parse_uri(self.url)
        except InvalidUri as error:
            raise OperatorError(
                f"--from {url!r} {error}: name the server as in --from https://api.nokotime.com"
            ) from None
        self._path = parsed.target.rstrip("/")
        self._connection = (
            HTTPSConnection(parsed.host_header, timeout=TIMEOUT_SECONDS, context=make_context(ca_file))
            if parsed.origin.scheme == "https"
            else HTTPConnection(parsed.host_header, timeout=TIMEOUT_SECONDS)
        )
        self._token = token
        self._on_wait = on_wait
        self._sleep = sleep
        # Until a response shows that the server is a Hourhook.
        self._interval_seconds = PUBLIC_INTERVAL_SECONDS
        self._next_request_at = 0.0

    def read_account(self) -> SourceAccount:
        """Return the account of the token. Raises ``OperatorError``."""
        response = self._get("/v2/account", {})
        try:
            if response.status == 200:
                found = msgspec.json.decode(response.body)
                return SourceAccount(int(found["id"]), str(found["name"]), str(found.get("created_at")))
        except (msgspec.DecodeError, LookupError, TypeError, ValueError):
            pass
        raise OperatorError(f"{self.url} has no Noko v2 API (it answered {response.status}): check --from")

    def read_list(self, path: str) -> Iterator[Page]:
        """Yield the pages of a list, by ascending id.

        A Hourhook server is asked for them in this order; other servers ignore that, and so their lists are read as a
        whole and sorted. Raises ``ListRefused`` and ``OperatorError``.
        """
        query: dict[str, str] = {"after_id": "0", "per_page": str(PER_PAGE)}
        unsorted: Page = []
        is_sorted = None
        asked = set()
        while True:
            asked.add(urlencode(query))
            page, next_query = self._read_page(path, query)
            ids = [find_id(raw) for raw in page]
            if is_sorted is None:
                is_sorted = next_query is None or "after_id" in next_query
            if is_sorted:
                yield [raw for _, raw in sorted(zip(ids, page, strict=True), key=lambda pair: pair[0])]
            else:
                unsorted += page
            if next_query is None:
                break
            query = next_query
            if urlencode(query) in asked:
                raise ListRefused(f"{path} leads from one of its pages back to an earlier one")
        unsorted.sort(key=find_id)
        for start in range(0, len(unsorted), PER_PAGE):
            yield unsorted[start : start + PER_PAGE]

    def close(self) -> None:
        self._connection.close()

    def _read_page(self, path: str, query: dict[str, str]) -> tuple[Page, dict[str, str] | None]:
        response = self._get(path, query)
        if response.status != 200:
            raise ListRefused(f"{path} was refused with {response.status}{_message(response.body)}")
        try:
            page = msgspec.json.decode(response.body, type=Page)
        except msgspec.DecodeError:
            raise ListRefused(f"{path} is not a list of JSON objects") from None
        following = parse_link_header(response.headers.get("link", "")).get("next")
        # Only its query: the token must go to no other server.
        return page, None if following is None else dict(parse_qsl(urlsplit(following).query))

    def _get(self, path: str, query: dict[str, str]) -> _Response:
        """Send a request, and repeat it while the source is busy or away. Raises ``OperatorError``."""
        delay, reason = FIRST_DELAY_SECONDS, ""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                response = self._send(f"{self._path}{path}" + (f"?{urlencode(query)}" if query else ""))
            except (OSError, HTTPException) as error:
                self._connection.close()
                reason = f"{self.url} cannot be reached ({_reason(error)})"
            else:
                if response.status == 401:
                    raise OperatorError(f"{self.url} does not know this token: check --token")
                if response.status != 429 and response.status < 500:
                    return response
                retry_after = parse_retry_after(response.headers.get("retry-after", ""), SystemClock().now())
                delay = max(delay, min(retry_after or 0, MAX_DELAY_SECONDS))
                reason = f"{self.url} answered {response.status}{_message(response.body)}"
            if attempt < MAX_ATTEMPTS:
                self._on_wait(f"{reason}; the next attempt is in {delay:g} s")
                self._sleep(delay)
                delay = min(delay * 2, MAX_DELAY_SECONDS)
        raise OperatorError(f"{reason}: repeat the command later; it continues where it was")

    def _send(self, target: str) -> _Response:
        self._sleep(max(0.0, self._next_request_at - monotonic()))
        self._next_request_at = monotonic() + self._interval_seconds
        headers = {
            "X-NokoToken": self._token,
            "User-Agent": f"Hourhook-Import/{__version__}",
            "Accept": "application/json",
        }
        self._connection.request("GET", target, headers=headers)
        with self._connection.getresponse() as response:
            answered = _Response(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        if "x-hourhook-position" in answered.headers:
            self._interval_seconds = 0.0
        return answered


def _message(body: bytes) -> str:
    """Return the message of an error response, to be put after its status; "" if it has none."""
    try:
        message = msgspec.json.decode(body)["message"]
    except (msgspec.DecodeError, LookupError, TypeError):
        return ""
    return f": {' '.join(message.split())}" if isinstance(message, str) else ""


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
