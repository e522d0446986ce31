"""The audit trail: who changed webhooks, access and settings of an account (``docs/api/audit.md``)."""
