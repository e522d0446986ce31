"""Transports: each sends a message to a receiver and returns the outcome."""
