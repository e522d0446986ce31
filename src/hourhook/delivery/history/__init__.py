"""The delivery log of a webhook, for display: payloads, attempts, status and statistics. Read-only."""
