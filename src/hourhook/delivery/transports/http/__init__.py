"""HTTP transport: the client, its connections, and the address guard (SSRF protection)."""
