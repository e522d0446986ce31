"""Hourhook: a time-tracking account server whose every change reaches the account's webhooks."""

__version__ = "0.1.0"
