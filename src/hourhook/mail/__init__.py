"""Outgoing e-mail: an outbox in the database, a worker that empties it, and SMTP."""
