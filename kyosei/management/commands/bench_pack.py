"""``manage.py bench_pack --entries N``: make a pack of a year and measure its verification. Uses no database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from kyosei.bench.pack_year import measure_verify
from kyosei.bench.report import show


class Command(BaseCommand):
    help = "Make an audit pack with so many entries and measure verify_pack on it (8,600,000: a large city's year)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--entries", type=int, default=860_000)

    def handle(self, *args: Any, **options: Any) -> None:
        show(measure_verify(options["entries"], name="pack"), self.stdout.write)
