"""``manage.py bench``: generate a city and measure the main pages."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kyosei.bench.run import PARTS, NotABenchDatabase, run
from kyosei.bench.scales import SCALES


class Command(BaseCommand):
    help = "Generate a city by COPY, measure the main pages and write var/bench.json (KYOSEI_PROFILE=bench)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", choices=sorted(SCALES), default="city")
        parser.add_argument("--keep", action="store_true", help="measure again what the last run generated")
        parser.add_argument(
            "--only", nargs="+", choices=list(PARTS), default=(), help="measure nothing but these parts"
        )
        parser.add_argument("--requests", type=int, default=30, help="requests per page (default 30)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run(
                SCALES[options["scale"]],
                keep=options["keep"],
                only=options["only"],
                requests=options["requests"],
                say=self.stdout.write,
            )
        except NotABenchDatabase as error:
            raise CommandError(str(error)) from None
