#!/usr/bin/env python
"""Django's command line; starts the embedded PostgreSQL and Redis first when no other is named."""

import os
import sys

# Commands that read no data and so need no server.
SERVERLESS = {"help", "version", "--help", "-h", "--version", "db_stop", "verify_pack", "bench_pack"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")
    from django.core.management import execute_from_command_line

    from common.embedded import EmbeddedError, ensure_services

    arguments = sys.argv[1:]
    if arguments and arguments[0] not in SERVERLESS and not {"-h", "--help"}.intersection(arguments):
        try:
            ensure_services()
        except EmbeddedError as error:
            sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
