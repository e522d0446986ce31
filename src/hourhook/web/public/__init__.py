"""Pages that are open to everyone who knows their address."""
