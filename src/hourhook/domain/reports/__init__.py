"""Reports: sums of logged time by group (``docs/api/reports.md``)."""
