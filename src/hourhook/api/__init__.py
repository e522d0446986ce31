"""The API: thin doors in front of the domain, and the conventions that every endpoint shares."""
