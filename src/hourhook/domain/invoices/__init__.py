"""Entries and expenses billed together, at rates and with taxes (contract, invoices.md)."""
