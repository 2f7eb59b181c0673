"""``manage.py chain_heads``: the hashes to print and lay aside; one vouches for every row before it."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.selectors_chain import day_heads
from common.japan.wareki import format_wareki


class Command(BaseCommand):
    help = "Print the head of every table's chain at the end of a day (today without --day)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", help="YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            day = date.fromisoformat(options["day"]) if options["day"] else timezone.localdate()
        except ValueError:
            raise CommandError("--day は 2026-11-23 のように書いてください。") from None
        self.stdout.write(f"記録の鎖の控え　{format_wareki(day)}（表、区切りの番号、ハッシュ値）")
        for head in day_heads(day):
            self.stdout.write(f"{head.table_name} {head.number} {head.hash_hex}")
