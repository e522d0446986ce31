"""OAuth endpoints outside ``/v2``: tokens, authorizations and applications."""
