"""The OpenAPI document, generated from the endpoints, and the page that shows it."""
