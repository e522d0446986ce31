"""Outgoing mail: the outbox, the worker that sends it, and SMTP."""
