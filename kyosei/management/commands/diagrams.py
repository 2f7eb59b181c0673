"""`manage.py diagrams`: draws docs/data-model.md and docs/states.md from the models and the transition tables."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from kyosei.diagrams import data_model, states

PAGES = {"data-model.md": data_model, "states.md": states}


class Command(BaseCommand):
    help = "Draw the diagrams of docs/ from models and transition tables."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether they are up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = []
        for name, draw in PAGES.items():
            path = settings.BASE_DIR / "docs" / name
            text = draw()
            if not path.exists() or path.read_text() != text:
                stale.append(name)
                if not options["check"]:
                    path.write_text(text)
        self.stdout.write("written: " + ", ".join(stale) if stale else "up to date")
        if stale and options["check"]:
            raise SystemExit(1)
