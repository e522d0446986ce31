"""The names of what broadcasts may be about, as receivers listen to them (contract, broadcast_subjects.md)."""

from typing import Annotated

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.inputs.enums import KnownName
from hourhook.domain.inputs.lists import Several

TIMER = "timer"

# What a receiver may listen to; the wildcard is every present and future subject.
NAMES = (TIMER, EVERYTHING)

Subjects = Annotated[list[str], Several(KnownName(255, is_name=True, options=NAMES))]
