"""The API: endpoints that call the rules of the domain, and the conventions they share."""
