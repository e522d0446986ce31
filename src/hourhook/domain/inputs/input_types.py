"""The annotated types of inputs: ``Id``, ``Count``, ``Name``, ``Day`` and so on.

Each pairs the Python type that the rules work with and the field type that parses and documents it. Which spellings
are accepted is in ``docs/api/conventions.md#request-bodies``. Rules import these from ``hourhook.domain.inputs``.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Annotated

from hourhook.domain.inputs.booleans import BooleanField
from hourhook.domain.inputs.dates import DateField, TimestampField
from hourhook.domain.inputs.lists import IdListField, ListField
from hourhook.domain.inputs.numbers import MAX_ID, DecimalBoundField, DecimalField, IdField, IntegerField
from hourhook.domain.inputs.texts import EmailField, TextField
from hourhook.domain.inputs.urls import UrlField

# Far beyond any real work, and far below the limits of a column or of a sum of columns.
MAX_MINUTES = 10_000_000

Id = Annotated[int, IdField()]
Count = Annotated[int, IntegerField(0, MAX_ID)]
Minutes = Annotated[int, IntegerField(0, MAX_MINUTES)]
Decimal2 = Annotated[int, DecimalField()]
# The bounds of a filter, rounded so that they never admit a value beyond them.
DecimalFrom = Annotated[int, DecimalBoundField(ROUND_CEILING)]
DecimalTo = Annotated[int, DecimalBoundField(ROUND_FLOOR)]
Boolean = Annotated[bool, BooleanField()]
Day = Annotated[str, DateField()]
Moment = Annotated[int, TimestampField()]
Text = Annotated[str, TextField(65_535)]
Name = Annotated[str, TextField(255, is_single_line=True)]
NameList = Annotated[list[str], ListField(TextField(255, is_single_line=True))]
Uri = Annotated[str, UrlField()]
HttpUri = Annotated[str, UrlField(http_only=True)]
Email = Annotated[str, EmailField()]
IdList = Annotated[list[int], IdListField()]
