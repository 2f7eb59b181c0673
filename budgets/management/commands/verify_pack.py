"""``manage.py verify_pack FILE``: recompute an audit pack from its CSV alone. Exit 1 and every difference if it does not agree."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from budgets.pack.seal import file_digest
from budgets.pack.verify import verify


class Command(BaseCommand):
    help = "Recompute an audit pack from its CSV and say whether it agrees to the yen; exit 1 if not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--sha256", help="the hash of the file as the page and the trail show it; it has to be this one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} がありません。")
        digest = file_digest(path)
        report = verify(path)
        if options["sha256"] and options["sha256"].strip().lower() != digest:
            report.say("ファイルのハッシュが、控えのものと違います。")
        self.stdout.write(
            f"業務実績 {report.entries:,}件、{report.months}か月、按分の行 {report.rows:,}、精算 {report.claims}件を計算し直しました。"
        )
        self.stdout.write(f"ファイルのハッシュ（SHA-256）: {digest}")
        if report.agrees:
            self.stdout.write("1円まで一致しました。")
            return
        self.stdout.write(f"一致しません：{len(report.problems)}件")
        for words in report.problems[:100]:
            self.stdout.write(f"  {words}")
        raise SystemExit(1)
