"""Webhooks: subscriptions of receivers to an account's events (`docs/api/webhooks.md`)."""
