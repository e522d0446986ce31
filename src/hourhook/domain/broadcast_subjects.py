"""The subjects that a broadcast receiver can subscribe to (``docs/concepts.md#broadcasts``)."""

from typing import Annotated

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.inputs.enums import EnumField
from hourhook.domain.inputs.lists import ListField

TIMER = "timer"

# The wildcard matches all subjects, including any added in future versions.
SUBJECTS = (TIMER, EVERYTHING)

Subjects = Annotated[list[str], ListField(EnumField(255, is_single_line=True, options=SUBJECTS))]
