"""``manage.py demo_data``: the invented city 美旗野市 with its casework, once."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kyosei.demo.load import is_foreign, load_demo


class Command(BaseCommand):
    help = "Load the demo municipality. What is loaded already stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="say nothing and do nothing when other data is there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KYOSEI_ENV == "production":
            raise CommandError(
                "デモデータは本番環境 (KYOSEI_ENV=production) には入れられません。架空の職員と共通のパスワードが含まれます。"
            )
        if is_foreign():
            if options["if_empty"]:
                return
            raise CommandError(
                "このデータベースにはデモ以外の機関があります。空のデータベースで実行してください。"
            )
        began = time.monotonic()
        for stage in load_demo():
            if options["verbosity"]:
                self.stdout.write(f"{stage} ({time.monotonic() - began:.1f} s)")
