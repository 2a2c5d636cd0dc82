#!/usr/bin/env python
"""Management commands, for the Forecourt that runs from VAR_DIR or the database of DATABASE_URL."""

import os
import sys

from config.local import load_environment


def main() -> None:
    """Run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    load_environment(sys.argv)
    from django.core.management import execute_from_command_line

    from config.backoffice import trace

    with trace.traced(trace.new_id()):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
