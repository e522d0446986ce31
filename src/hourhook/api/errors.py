"""Turn errors into responses of the API (``docs/api/conventions.md``)."""

from collections.abc import Awaitable

from hourhook.domain.inputs.error_messages import describe
from hourhook.domain.oauth.token_grants import INVALID_CLIENT
from hourhook.errors import (
    AccountLocked,
    DatabaseUnavailable,
    FeatureNotIncluded,
    Forbidden,
    IdempotencyConflict,
    InvalidClient,
    MalformedBody,
    MalformedHeader,
    Unauthenticated,
    ValidationFailed,
)
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.bodies import BodyTooLarge
from hourhook.http.responses import (
    CONTENT_TOO_LARGE,
    UNAUTHORIZED,
    Response,
    json_response,
    message_response,
    service_unavailable,
)
from hourhook.http.statuses import EXPECTED_ERRORS, status_of


async def respond(response: Awaitable[Application], scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response, or that of the error which its making raises."""
    try:
        result: Application = await response
    except EXPECTED_ERRORS as error:
        result = error_response(error)
    await result(scope, receive, send)


def error_response(error: Exception) -> Response:
    """Return the response to one of ``EXPECTED_ERRORS``."""
    status = status_of(error)
    match error:
        case ValidationFailed():
            errors = [
                {
                    "resource": fault.resource,
                    "field": fault.field,
                    "code": fault.code,
                    "message": describe(fault, error.message),
                }
                for fault in error.errors
            ]
            return json_response(status, {"message": error.message, "errors": errors})
        case MalformedBody() | MalformedHeader() | IdempotencyConflict():
            return message_response(status, str(error))
        case InvalidClient():
            return json_response(status, INVALID_CLIENT)
        case Unauthenticated():
            return UNAUTHORIZED
        case FeatureNotIncluded():
            return message_response(status, "Account does not include this feature")
        case Forbidden():
            return message_response(status, "Forbidden")
        case BodyTooLarge():
            return CONTENT_TOO_LARGE
        case AccountLocked():
            text = "Account is locked for maintenance"
            return message_response(status, text, cause=text)
        case DatabaseUnavailable():
            return service_unavailable(error)
        case _:
            return Response(status)
