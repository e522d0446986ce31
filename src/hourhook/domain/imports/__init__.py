"""Import the data of another server or of a file: exact copies, each made once (``docs/guides/move-in.md``).

What is made bypasses the rules for new objects (rounding, limits, roles, archived projects), because it has happened
already. It raises no events unless asked to.
"""
