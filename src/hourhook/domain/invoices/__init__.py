"""Invoices: bill entries and expenses at hourly or flat rates, with taxes (`docs/api/invoices.md`)."""
