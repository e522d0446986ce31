"""Labels written as hashtags inside descriptions of entries (contract, tags.md)."""
