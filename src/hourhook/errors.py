"""Exceptions that are handled: refusals for the caller, errors for the operator, and database outages.

A ``Refusal`` becomes a response with the status and body of ``docs/api/conventions.md#errors``. An ``OperatorError`` is
printed as one line on standard error. Any other exception is a defect.
"""

from dataclasses import dataclass, field
from typing import Self

VALIDATION_FAILED = "Validation Failed"


class OperatorError(Exception):
    """An error that the operator can fix; its text says what is wrong and what to do."""


class Refusal(Exception):
    """A refused request; each subclass has its own status and body."""


class Unauthenticated(Refusal):
    """Missing or invalid credentials: 401."""


class Forbidden(Refusal):
    """The caller's role does not allow this: 403."""


class FeatureNotIncluded(Refusal):
    """The account lacks the feature: 403 with the feature message."""


class NotFound(Refusal):
    """The object does not exist, or the caller may not see it: 404."""


class InvalidClient(Refusal):
    """The OAuth client is unknown, or its secret is wrong: 400 with an OAuth error body."""


class AccountLocked(Refusal):
    """An administrator has locked the account for maintenance: 503."""


class MalformedBody(Refusal):
    """The body is not a JSON object: 400 with ``message`` only."""


class MalformedHeader(Refusal):
    """A request header has a value that it may not have: 400 with ``message`` only."""


class IdempotencyConflict(Refusal):
    """The ``Idempotency-Key`` belongs to another request: 409 with ``message`` only."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error of a validation body: the resource, its field, the error code, and a message if it has its own."""

    resource: str
    field: str
    code: str
    message: str | None = None


@dataclass(eq=False)
class ValidationFailed(Refusal):
    """The input is invalid, or the object's state does not allow the request: 400 with a validation body."""

    errors: list[FieldError]
    message: str = field(default=VALIDATION_FAILED)

    @classmethod
    def on_base(cls, resource: str, code: str, message: str) -> Self:
        """Return an error about the object as a whole; ``message`` is a sentence that explains it."""
        return cls([FieldError(resource, "base", code)], message)


class DatabaseUnavailable(Exception):
    """The database cannot be reached or written to; the transaction has been rolled back.

    ``reason`` says why in words that a caller may read: it names no host, user or file. The text of the exception also
    has what the database itself said, for the log and the operator.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class CommitUnknown(DatabaseUnavailable):
    """The connection broke during the commit: the transaction was either committed in full or not at all."""
