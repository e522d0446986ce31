"""Answers that many pages have in common: going elsewhere, and why there is nothing to see."""

from collections.abc import Awaitable, Sequence

from litestar.response.base import ASGIResponse

from hourhook.errors import AccountLocked, DatabaseUnavailable
from hourhook.web.forms import InvalidForm
from hourhook.web.rendering import render


def empty_response(status: int, headers: Sequence[tuple[str, str]] = ()) -> ASGIResponse:
    """An answer without a body."""
    answer = ASGIResponse(status_code=status, headers=headers)
    # The library says of a body that is not there that it is JSON.
    del answer.headers["content-type"]
    return answer


def redirect(url: str, *, status: int = 303, headers: Sequence[tuple[str, str]] = ()) -> ASGIResponse:
    """Send a visitor to another address, which is ASCII: what can be no header there is not to come here."""
    kept_to_itself = [("cache-control", "no-store"), ("referrer-policy", "no-referrer")]
    return empty_response(status, [("location", url), *kept_to_itself, *headers])


def notice(status: int, title: str, text: str, *, headers: Sequence[tuple[str, str]] = ()) -> ASGIResponse:
    """A page that says one thing."""
    return render("notice", status=status, headers=headers, title=title, text=text)


async def with_error_pages(work: Awaitable[ASGIResponse]) -> ASGIResponse:
    """What a page comes to, also while the database is away or the account is locked, or when a form is none."""
    try:
        return await work
    except DatabaseUnavailable:
        text = "The database is not available at the moment. Try again in a minute."
        return notice(503, "Not now", text, headers=[("retry-after", "1")])
    except InvalidForm:
        return csrf_failed()
    except AccountLocked:
        return notice(503, "Not now", "This account is locked for maintenance. Try again later.")


def csrf_failed() -> ASGIResponse:
    """The answer to a form that no page of this visitor held."""
    text = "This form is too old, or did not come from here. Go back, load the page anew, and send it once more."
    return notice(403, "That did not work", text)
