"""`manage.py db_stop`: stop the embedded PostgreSQL and Redis."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from common.embedded import stop_services
from common.embedded.layout import POSTGRES_OPTIONS


class Command(BaseCommand):
    help = "Stop the embedded PostgreSQL and Redis; the data stays."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--profile", choices=list(POSTGRES_OPTIONS), default="run")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("stopped: " + (", ".join(stop_services(options["profile"])) or "nothing ran"))
