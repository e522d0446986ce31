"""Tell outages of PostgreSQL from defects, by SQLSTATE (``docs/operating/postgresql.md#reasons``).

An outage becomes ``DatabaseUnavailable``: nothing is wrong with the statement, and it may succeed later. Any other
error is a defect and is raised as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hourhook.errors import DatabaseUnavailable

READ_ONLY = "25006"
PROTOCOL_VIOLATION = "08P01"

# The reason of each code, or else of its class, which is its first two characters.
REASONS = {
    READ_ONLY: "PostgreSQL accepts no changes at the moment (it is read-only)",
    "25P03": "PostgreSQL ended a transaction that paused for too long",
    "25P04": "PostgreSQL ended a transaction that took too long",
    "42501": "PostgreSQL denies access",
    "53100": "the disk of PostgreSQL is full",
    "53200": "PostgreSQL has no memory left",
    "53300": "PostgreSQL accepts no more connections",
    "55P03": "PostgreSQL did not get a lock in time",
    "57014": "PostgreSQL cancelled a statement, usually because it took too long",
    "57P03": "PostgreSQL is starting or stopping",
    "72000": "PostgreSQL no longer has the data of an old snapshot",
    "XX001": "PostgreSQL found damaged data",
    "XX002": "PostgreSQL found a damaged index",
    "08": "the connection to PostgreSQL failed",
    "28": "PostgreSQL refused the credentials",
    "3D": "the database does not exist",
    "40": "PostgreSQL cancelled a transaction that conflicted with another one",
    "53": "PostgreSQL has no resources left",
    "57": "PostgreSQL ended the connection",
    "58": "the machine of PostgreSQL reported an error",
    "F0": "PostgreSQL cannot read its configuration",
}
UNREACHABLE = "PostgreSQL cannot be reached"
UNRESPONSIVE = "PostgreSQL does not answer"


class NoAnswer(psycopg.OperationalError):
    """The server did not answer in time."""


@contextmanager
def translating_outages(*, is_read: bool = False) -> Iterator[None]:
    """Turn the driver's errors that are outages into ``DatabaseUnavailable``.

    ``is_read`` says that the transaction itself is read-only, so that a refused change is a defect.
    """
    try:
        yield
    except psycopg.Error as error:
        outage = outage_of(error)
        if outage is None or (is_read and error.sqlstate == READ_ONLY):
            raise
        raise outage from error


def outage_of(error: psycopg.Error) -> DatabaseUnavailable | None:
    """Return the outage that an error of the driver means, or None if it is a defect."""
    code = error.sqlstate
    if code is None:
        return _outage_of_driver(error)
    if code == PROTOCOL_VIOLATION and error.diag.severity_nonlocalized == "ERROR":
        # Poolers end a connection with this code; without an end, it is about the parameters of a statement.
        return None
    reason = REASONS.get(code) or REASONS.get(code[:2])
    return None if reason is None else DatabaseUnavailable(reason, first_line(error))


def _outage_of_driver(error: psycopg.Error) -> DatabaseUnavailable | None:
    match error:
        case NoAnswer() | psycopg.errors.ConnectionTimeout():
            return DatabaseUnavailable(UNRESPONSIVE, first_line(error))
        case psycopg.errors.PipelineAborted():
            # By the error of an earlier statement, which is raised too.
            return None
        case psycopg.OperationalError():
            return DatabaseUnavailable(UNREACHABLE, first_line(error))
    return None


def first_line(error: psycopg.Error) -> str:
    """Return the first line of an error's text."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else repr(error)
