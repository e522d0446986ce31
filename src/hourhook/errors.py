"""The few ways in which Hourhook says no.

A ``Refusal`` goes back to a caller of the API, with the status and the body that the contract gives it
(contract, 00-conventions §8). A ``OperatorError`` goes to whoever runs Hourhook, as one line on standard error.
Anything else that is raised is a defect.
"""

from dataclasses import dataclass, field
from typing import Self


class OperatorError(Exception):
    """Something the operator can mend; its text says what is wrong and what to do."""


class Refusal(Exception):
    """A request that is turned down; subclasses say how."""


class Unauthenticated(Refusal):
    """No credential, or one that opens nothing: 401."""


class Forbidden(Refusal):
    """The caller's role does not allow this: 403."""


class FeatureNotIncluded(Refusal):
    """The account lacks the feature: 403 with the feature message."""


class NotFound(Refusal):
    """No such thing, or none that the caller may see: 404."""


class InvalidClient(Refusal):
    """The application is unknown, or this is not its secret: 400 in the shape of an OAuth error."""


class AccountLocked(Refusal):
    """An administrator has locked the account for maintenance: 503."""


class MalformedBody(Refusal):
    """The body is no JSON object: 400 with ``message`` alone."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One reason of a validation body: whose field is at fault, and the contract's code for it."""

    resource: str
    field: str
    code: str


@dataclass(eq=False)
class ValidationFailed(Refusal):
    """The input or the state of an object stands against it: 400 with a validation body."""

    errors: list[FieldError]
    message: str = field(default="Validation Failed")

    @classmethod
    def on_base(cls, resource: str, code: str, message: str) -> Self:
        """The object as a whole stands against it; ``message`` is a sentence that says why."""
        return cls([FieldError(resource, "base", code)], message)


class DatabaseUnavailable(Exception):
    """The database cannot be reached or written just now; nothing of the transaction was kept."""


class CommitUnknown(DatabaseUnavailable):
    """The connection broke during the commit: all of the transaction was kept, or nothing of it."""
