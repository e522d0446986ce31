"""OAuth 2: applications that act for users who allowed it (contract, oauth.md)."""
