"""Entries: logged time (``docs/api/entries.md``)."""
