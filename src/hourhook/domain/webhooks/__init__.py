"""Webhooks: who is told of an account's events, and where (contract, webhooks.md)."""
