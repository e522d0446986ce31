"""The field type of booleans."""

from hourhook.domain.inputs.base import FieldType


class BooleanField(FieldType):
    """``true`` or ``false``, also as a string."""

    schema = {"type": "boolean"}

    def parse(self, value: object) -> bool:
        if value is True or value == "true":
            return True
        if value is False or value == "false":
            return False
        raise ValueError("not a boolean")
