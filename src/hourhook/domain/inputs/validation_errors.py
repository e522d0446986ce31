"""The validation errors of one request, collected and reported together (``docs/api/conventions.md#errors``)."""

from msgspec import UNSET

from hourhook.domain.inputs.declarations import Inputs
from hourhook.errors import VALIDATION_FAILED, FieldError, ValidationFailed


class ValidationErrors:
    """Collect everything that is wrong with the inputs of one request."""

    def __init__(self, resource: str, order: tuple[str, ...] = ()) -> None:
        self._resource = resource
        self._order = {name: index for index, name in enumerate(order)}
        # A dict as an ordered set: a long list may have one error for each element, and none is added twice.
        self._found: dict[tuple[str, str], str | None] = {}

    def add(self, field: str, code: str, message: str | None = None) -> None:
        """Add an error, unless the field is ``invalid`` already.

        ``field`` is a key, ``key[index]``, ``key.key``, or ``base`` for the object as a whole. ``message`` says what is
        wrong and what to do, if more can be said than what ``error_messages`` says for the code.
        """
        if (field, "invalid") not in self._found:
            self._found.setdefault((field, code), message)

    def has(self, field: str) -> bool:
        """Return whether this key or a part of it has an error."""
        return any(_is_part(found, field) for found, _ in self._found)

    def discard(self, field: str) -> None:
        """Remove the errors of this key and of its parts, because the key does not count."""
        self._found = {error: said for error, said in self._found.items() if not _is_part(error[0], field)}

    def all(self) -> list[tuple[str, str]]:
        """Return the fields and codes found, in the order of the declaration."""
        return sorted(self._found, key=lambda error: self._order.get(_key(error[0]), -1))

    def messages(self) -> dict[str, str]:
        """Return the messages that were added, by field."""
        return {field: message for (field, _), message in self._found.items() if message is not None}

    def require(self, params: Inputs, *fields: str) -> None:
        """Add ``missing_field`` for each of these keys that is absent or blank."""
        attributes = dict(zip(params.__struct_encode_fields__, params.__struct_fields__, strict=True))
        for field in fields:
            if getattr(params, attributes[field]) in (UNSET, None) and not self.has(field):
                self.add(field, "missing_field")

    def raise_if_any(self, message: str = VALIDATION_FAILED) -> None:
        """Raise ``ValidationFailed`` with everything found, in the order of the declaration, if anything was."""
        if self._found:
            errors = [FieldError(self._resource, *error, self._found[error]) for error in self.all()]
            raise ValidationFailed(errors, message)


def _is_part(found: str, field: str) -> bool:
    return found == field or found.startswith((f"{field}.", f"{field}["))


def _key(field: str) -> str:
    return field.partition("[")[0].partition(".")[0]
