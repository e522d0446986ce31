"""OAuth 2.0: applications that act on behalf of users (`docs/api/oauth.md`)."""
