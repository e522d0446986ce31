"""Run the ``hourhook`` command as ``python -m hourhook``."""

from hourhook.cli import main

main()
