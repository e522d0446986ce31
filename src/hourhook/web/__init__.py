"""The web app: HTML pages rendered by the server, with plain forms."""
