"""The payloads of a webhook: what was sent, what waits, and how to move on when a receiver fails."""
