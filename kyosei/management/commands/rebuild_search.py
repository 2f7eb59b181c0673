"""``manage.py rebuild_search``: what people, households and texts are found by, made anew from the records."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from cases.actions.text_index import MODELS, rebuild_texts
from cases.models import IndexedText
from households.actions.search_index import rebuild_households, rebuild_people
from households.models import AddressProtection, FormerName, Household, Person


class Command(BaseCommand):
    help = "Make the search index of people, households and texts anew. No record changes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=["people", "households", "texts"], default="")

    def handle(self, *args: Any, **options: Any) -> None:
        only = options["only"]
        with transaction.atomic():
            if only in ("", "people"):
                self.stdout.write(f"人 {rebuild_people(Person, FormerName, AddressProtection):,}")
            if only in ("", "households"):
                self.stdout.write(f"世帯 {rebuild_households(Household):,}")
            if only in ("", "texts"):
                self.stdout.write(f"本文 {rebuild_texts(IndexedText, MODELS):,}")
