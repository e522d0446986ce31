"""``python -m hourhook`` is ``hourhook``."""

from hourhook.cli import main

main()
