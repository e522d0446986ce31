"""The delivery log, read: what was sent to a webhook, what waits, and how it fares. Nothing here changes anything."""
