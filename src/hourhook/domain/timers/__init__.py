"""Timers, which measure work in progress; one for each user and project (`docs/api/timers.md`)."""
