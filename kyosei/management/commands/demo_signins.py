"""``manage.py demo_signins``: who may sign in to the demo, one line per role."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Staff
from kyosei.demo.masters import DEMO_PASSWORD, sign_ins


def _padded(text: str, width: int) -> str:
    """``text`` filled up to ``width`` columns of a terminal, where a Japanese character takes two."""
    used = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(width - used, 1)


class Command(BaseCommand):
    help = "Print the demo sign-ins (role, agency, sign-in name) and their one password."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KYOSEI_ENV == "production":
            raise CommandError("本番環境 (KYOSEI_ENV=production) にデモの職員はいません。")
        known = set(Staff.objects.filter(is_active=True).values_list("username", flat=True))
        lines = [s for s in sign_ins() if s.username in known]
        if not lines:
            return
        self.stdout.write(f"  デモの職員（パスワードはすべて {DEMO_PASSWORD}）")
        for line in lines:
            self.stdout.write(f"    {_padded(line.username, 17)}{_padded(line.role, 20)}{line.agency}")
