"""``manage.py seal_chain``: what the job of every minute does, now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from audit.actions_chain import seal_chain


class Command(BaseCommand):
    help = "Chain every row of history and logs that is not chained yet."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{seal_chain(at=timezone.now()):,} 行を記録の鎖に入れました。")
