"""Domain rules, one package or module per resource: functions that take a transaction."""
