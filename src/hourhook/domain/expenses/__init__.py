"""Costs booked on a project (contract, expenses.md)."""
