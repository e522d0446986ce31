"""Alembic migrations from any earlier version of the schema to the current one."""
