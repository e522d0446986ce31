"""The names of what broadcasts may be about, as receivers listen to them (contract, broadcast_subjects.md)."""

from typing import Annotated

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.inputs.enums import EnumField
from hourhook.domain.inputs.lists import ListField

TIMER = "timer"

# What a receiver may listen to; the wildcard is every present and future subject.
SUBJECTS = (TIMER, EVERYTHING)

Subjects = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=SUBJECTS))]
