"""The rules, one module per noun: functions that take a transaction."""
