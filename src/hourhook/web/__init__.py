"""The pages that people see: HTML from the server, with plain forms."""
