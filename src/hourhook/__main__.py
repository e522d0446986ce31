"""Run the ``hourhook`` command, as a script or as ``python -m hourhook``."""

import signal


def main() -> None:
    """Run one command. Ctrl-C while its modules are imported ends the process without a traceback."""
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    # ``bin/hourhook`` holds it back while Python starts.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    from hourhook.cli import main as run_command

    signal.signal(signal.SIGINT, handler)
    run_command()


if __name__ == "__main__":
    main()
