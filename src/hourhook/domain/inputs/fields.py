"""What one input may be: how leniently it is read, and how it is documented.

A kind reads a JSON value, or the texts of a query parameter, into the type that the rules work with, and raises
``ValueError`` for anything else (contract, 00-conventions §4 and §17). What callers of the API meet is in the names
here; ``hourhook.domain.inputs`` puts them to use.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Annotated

from hourhook.domain.inputs.lists import Ids, Several
from hourhook.domain.inputs.numbers import LARGEST_ID, Bound, Hundredths, OneId, Whole
from hourhook.domain.inputs.texts import Address, Characters, EmailAddress, YesOrNo
from hourhook.domain.inputs.times import CalendarDay, PointInTime

# Far beyond any real work, and far below what a column or a sum of columns could not hold.
LARGEST_MINUTES = 10_000_000

Id = Annotated[int, OneId()]
Count = Annotated[int, Whole(0, LARGEST_ID)]
Minutes = Annotated[int, Whole(0, LARGEST_MINUTES)]
Decimal2 = Annotated[int, Hundredths()]
# The bounds of a filter, which take in nothing that lies beyond them, however little.
DecimalFrom = Annotated[int, Bound(ROUND_CEILING)]
DecimalTo = Annotated[int, Bound(ROUND_FLOOR)]
Boolean = Annotated[bool, YesOrNo()]
Day = Annotated[str, CalendarDay()]
Moment = Annotated[int, PointInTime()]
Text = Annotated[str, Characters(65_535)]
Name = Annotated[str, Characters(255, is_name=True)]
NameList = Annotated[list[str], Several(Characters(255, is_name=True))]
Uri = Annotated[str, Address()]
WebUri = Annotated[str, Address(of_the_web=True)]
Email = Annotated[str, EmailAddress()]
IdList = Annotated[list[int], Ids()]
