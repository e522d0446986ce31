"""Expenses: costs of a project (``docs/api/expenses.md``)."""
