"""Pages of webhooks: the list, a webhook's lane and log, its payloads, and what a person can do about them."""
