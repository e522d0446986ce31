"""The HTTP status of each expected error, for the API and the pages alike."""

from hourhook.errors import (
    AccountLocked,
    DatabaseUnavailable,
    FeatureNotIncluded,
    Forbidden,
    IdempotencyConflict,
    InvalidClient,
    MalformedBody,
    MalformedHeader,
    NotFound,
    Refusal,
    Unauthenticated,
    ValidationFailed,
)
from hourhook.http.bodies import BodyTooLarge

# Any other exception is a defect: the middleware logs it and responds with 500.
EXPECTED_ERRORS = (Refusal, DatabaseUnavailable)

_STATUSES: dict[type[Exception], int] = {
    ValidationFailed: 400,
    MalformedBody: 400,
    MalformedHeader: 400,
    InvalidClient: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    FeatureNotIncluded: 403,
    NotFound: 404,
    IdempotencyConflict: 409,
    BodyTooLarge: 413,
    AccountLocked: 503,
    DatabaseUnavailable: 503,
}


def status_of(error: Exception) -> int:
    """Return the status for one of ``EXPECTED_ERRORS``; a subclass has that of the class it refines."""
    return next(_STATUSES[cls] for cls in type(error).__mro__ if cls in _STATUSES)
