"""What one input may be: how leniently it is read, and how it is documented.

A kind reads a JSON value, or the texts of a query parameter, into the type that the rules work with, and raises
``ValueError`` for anything else (contract, 00-conventions §4 and §17). What callers of the API meet is in the names
here; ``hourhook.domain.inputs`` puts them to use.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Annotated

from hourhook.domain.inputs.lists import IdListField, ListField
from hourhook.domain.inputs.numbers import MAX_ID, DecimalBoundField, DecimalField, IdField, IntegerField
from hourhook.domain.inputs.texts import BooleanField, EmailField, TextField, UrlField
from hourhook.domain.inputs.times import DateField, TimestampField

# Far beyond any real work, and far below what a column or a sum of columns could not hold.
MAX_MINUTES = 10_000_000

Id = Annotated[int, IdField()]
Count = Annotated[int, IntegerField(0, MAX_ID)]
Minutes = Annotated[int, IntegerField(0, MAX_MINUTES)]
Decimal2 = Annotated[int, DecimalField()]
# The bounds of a filter, which take in nothing that lies beyond them, however little.
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
