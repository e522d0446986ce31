"""Payloads of a webhook: the delivery log, delivery status, and recovery (`docs/api/payloads.md`)."""
