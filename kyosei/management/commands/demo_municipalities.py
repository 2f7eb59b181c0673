"""``manage.py demo_municipalities``: A町, B市 and C市 of docs/three-municipalities.md, in an empty database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Agency
from kyosei.demo.municipalities import Municipalities


class Command(BaseCommand):
    help = "Load the three municipalities that split money in three ways (an empty database only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when other data is there")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KYOSEI_ENV == "production":
            raise CommandError("デモデータは本番環境 (KYOSEI_ENV=production) には入れられません。")
        if Agency.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("このデータベースには機関があります。空のデータベースで実行してください。")
        with transaction.atomic():
            Municipalities(timezone.localdate()).load()
        if options["verbosity"]:
            self.stdout.write(
                "A町・B市・C市（keiri1, keiri2, a-1, a-cho, b-1, c-1 など。合言葉はデモと同じ）"
            )
