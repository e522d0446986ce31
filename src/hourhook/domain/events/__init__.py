"""Events: their names, and how a change is recorded (``docs/api/events.md``)."""
