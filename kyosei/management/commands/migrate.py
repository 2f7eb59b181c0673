"""``manage.py migrate``: as Django's own, but an empty database gets its structure in one piece (kyosei/structure.py)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate

from kyosei.structure import load_if_empty


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--step-by-step", action="store_true", help="lead an empty database through every migration"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        whole = not any(
            options.get(name) for name in ("app_label", "plan", "check_unapplied", "fake", "prune")
        )
        if whole and not options["step_by_step"]:
            load_if_empty(options["database"])
        super().handle(*args, **options)
