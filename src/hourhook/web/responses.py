"""Responses that many pages share: redirects, notices, and the pages of errors."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request

from hourhook.errors import AccountLocked, CommitUnknown, DatabaseUnavailable, NotFound
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.bodies import BodyTooLarge
from hourhook.http.hash_queue import RETRY_AFTER_SECONDS, HashQueueFull
from hourhook.http.responses import Response, message_response
from hourhook.http.router import MethodRoutes
from hourhook.http.statuses import EXPECTED_ERRORS, status_of
from hourhook.web.forms import InvalidForm
from hourhook.web.rendering import encode_headers, render

Page = Callable[[Request], Awaitable[Application]]


def page_route(**pages: Page) -> Application:
    """Return the route of a path that has a page for each of these methods, such as ``GET=self.show``."""
    return MethodRoutes({method: _page_application(page) for method, page in pages.items()})


def empty_response(status: int, headers: Sequence[tuple[str, str]] = ()) -> Response:
    return Response(status, headers=encode_headers(headers))


def redirect(url: str, *, status: int = 303, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """Return a redirect to a URL in ASCII."""
    private = [("cache-control", "no-store"), ("referrer-policy", "no-referrer")]
    return empty_response(status, [("location", url), *private, *headers])


def notice(
    status: int, title: str, text: str, *, headers: Sequence[tuple[str, str]] = (), cause: str | None = None
) -> Response:
    """Return a page with a title and one paragraph."""
    return render("notice", status=status, headers=headers, cause=cause, title=title, text=text)


def other_account(made_for: str, current: str) -> Response:
    """Return the page for a form that was made for another account of the session."""
    text = (
        f"This form was made for the account {made_for}, but you are now in the account {current}. Nothing has "
        "changed. Switch the account in the menu “You”, reload the page, and submit the form again."
    )
    return notice(403, "The form belongs to another account", text)


def csrf_failed() -> Response:
    """Return the page for a form that does not carry the CSRF token of its session."""
    text = "This form has expired, or was not sent from this server. Go back, reload the page, and submit it again."
    return notice(403, "The form was not accepted", text)


def error_page(error: Exception) -> Response:
    """Return the page of an expected error, with the status that the API gives it."""
    status = status_of(error)
    if isinstance(error, CommitUnknown):
        text = (
            "The database failed just now, and it is unknown whether your change was saved. Look before you repeat it."
        )
        return notice(status, "Temporarily unavailable", text, cause=str(error))
    if isinstance(error, DatabaseUnavailable):
        text = "The database is not available at the moment. Try again in a minute."
        return notice(status, "Temporarily unavailable", text, headers=[("retry-after", "1")], cause=str(error))
    if isinstance(error, AccountLocked):
        text = "This account is locked for maintenance. Try again later."
        return notice(status, "Temporarily unavailable", text, cause=text)
    if isinstance(error, NotFound):
        return notice(
            status, "Page not found", "There is no such page, or it is not for you. It may have been deleted."
        )
    if isinstance(error, BodyTooLarge):
        return message_response(status, "Request Entity Too Large")
    return notice(status, "Not allowed", "You cannot do this.")


def _page_application(page: Page) -> Application:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await page(Request(scope, receive))
        except InvalidForm:
            response = csrf_failed()
        except HashQueueFull:
            text = "The server is busy. Wait a few seconds, go back, and try again."
            headers = [("retry-after", str(RETRY_AFTER_SECONDS))]
            response = notice(503, "Temporarily unavailable", text, headers=headers, cause="too many password hashes")
        except EXPECTED_ERRORS as error:
            response = error_page(error)
        await response(scope, receive, send)

    return application
