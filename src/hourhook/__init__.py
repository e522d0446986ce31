"""Hourhook: a time-tracking server compatible with the Noko v2 API that delivers every change to webhooks."""

__version__ = "0.1.0"
