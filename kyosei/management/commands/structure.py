"""``manage.py structure``: write kyosei/structure.sql anew, after every change of a migration."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand

from kyosei.structure import FILE, PROJECT, write


class Command(BaseCommand):
    help = "Lead an empty database through all migrations and write down what they make of it (kyosei/structure.sql)."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        lines = write(os.environ["DATABASE_URL"])
        self.stdout.write(f"{FILE.relative_to(PROJECT)}: {lines:,} 行")
