"""The validation errors of one request, collected and reported together (``docs/api/conventions.md#errors``)."""

from msgspec import UNSET

from hourhook.domain.inputs.declarations import Inputs
from hourhook.errors import FieldError, ValidationFailed


class ValidationErrors:
    """Collect everything that is wrong with the inputs of one request."""

    def __init__(self, resource: str, order: tuple[str, ...] = ()) -> None:
        self._resource = resource
        self._order = {name: index for index, name in enumerate(order)}
        # A dict as an ordered set: a long list may have one error for each element, and none is added twice.
        self._found: dict[tuple[str, str], None] = {}

    def add(self, field: str, code: str) -> None:
        """Add an error, unless the field is ``invalid`` already.

        ``field`` is a key, ``key[index]``, ``key.key``, or ``base`` for the object as a whole.
        """
        if (field, "invalid") not in self._found:
            self._found[field, code] = None

    def has(self, field: str) -> bool:
        """Return whether this key or a part of it has an error."""
        return any(_is_part(found, field) for found, _ in self._found)

    def discard(self, field: str) -> None:
        """Remove the errors of this key and of its parts, because the key does not count."""
        self._found = {error: None for error in self._found if not _is_part(error[0], field)}

    def all(self) -> list[tuple[str, str]]:
        """Return the fields and codes found, in the order of the declaration."""
        return sorted(self._found, key=lambda error: self._order.get(_key(error[0]), -1))

    def require(self, params: Inputs, *fields: str) -> None:
        """Add ``missing_field`` for each of these keys that is absent or blank."""
        for field in fields:
            if getattr(params, field) in (UNSET, None) and not self.has(field):
                self.add(field, "missing_field")

    def raise_if_any(self, message: str = "Validation Failed") -> None:
        """Raise ``ValidationFailed`` with everything found, in the order of the declaration, if anything was."""
        if self._found:
            raise ValidationFailed([FieldError(self._resource, field, code) for field, code in self.all()], message)


def _is_part(found: str, field: str) -> bool:
    return found == field or found.startswith((f"{field}.", f"{field}["))


def _key(field: str) -> str:
    return field.partition("[")[0].partition(".")[0]
