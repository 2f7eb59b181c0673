"""``manage.py verify_chain``: whether history and logs are as they were written. Exit 1 and the first broken row if not."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.verification import check_chain, missing_heads


class Command(BaseCommand):
    help = "Check history and logs against the chain; exit 1 and name the first broken row of every table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--table", action="append", help="only this table (may be given several times)")
        parser.add_argument(
            "--heads", type=Path, help="a file that chain_heads printed; its hashes have to be there still"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = check_chain(options["table"])
        breaks = list(report.breaks)
        if options["heads"]:
            breaks += missing_heads(_read_heads(options["heads"]))
        self.stdout.write(
            f"{report.blocks:,} 区切り、{report.rows:,} 行を調べました（まだ鎖に入っていない行：{report.unsealed:,}）。"
        )
        if not breaks:
            self.stdout.write("すべて、書かれたときのままです。")
            return
        self.stdout.write(f"記録の鎖が切れています：{len(breaks)} か所")
        first = {item.table: item for item in reversed(breaks)}
        for item in sorted(first.values(), key=lambda b: (b.table, b.block)):
            self.stdout.write(f"  {item}")
        raise SystemExit(1)


def _read_heads(path: Path) -> list[tuple[str, int, str]]:
    """Lines ``table block hash`` of a print; other lines are words."""
    if not path.is_file():
        raise CommandError(f"{path} がありません。")
    found = []
    for line in path.read_text().splitlines():
        parts = line.split()
        if len(parts) >= 3 and parts[1].isdigit() and len(parts[2]) == 64:
            found.append((parts[0], int(parts[1]), parts[2]))
    if not found:
        raise CommandError(f"{path} に控えのハッシュ値がありません。")
    return found
