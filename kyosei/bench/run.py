"""One run of the benchmark: a blank database, the generated city, the pages, the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from kyosei.bench.access import measure_access
from kyosei.bench.claims import measure_claims
from kyosei.bench.coordination import measure_coordination
from kyosei.bench.finding import measure_finding
from kyosei.bench.generate import generate
from kyosei.bench.household import measure_household
from kyosei.bench.masters import PREFIX
from kyosei.bench.money import measure_money
from kyosei.bench.packet import measure_packet
from kyosei.bench.pages import measure_pages
from kyosei.bench.report import Line, line, show, write
from kyosei.bench.scales import Scale
from kyosei.bench.trail import measure_trail
from kyosei.bench.worries import measure_worries
from kyosei.runtime import settle_memory


class NotABenchDatabase(Exception):
    """The database holds something else than a generated city."""


def _check_database() -> None:
    """Never wipe anything but a database that a benchmark made, or an empty one."""
    if settings.KYOSEI_ENV == "production":
        raise NotABenchDatabase("bench は本番環境 (KYOSEI_ENV=production) では実行できません。")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('accounts_agency')")
        if cursor.fetchone()[0] is None:
            return
        cursor.execute("SELECT count(*) FROM accounts_agency WHERE code NOT LIKE %s", [f"{PREFIX}%"])
        if cursor.fetchone()[0]:
            raise NotABenchDatabase(
                "このデータベースには bench が作ったもの以外の機関があります。KYOSEI_PROFILE=bench で実行してください。"
            )


def _blank() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    connection.close()
    call_command("migrate", interactive=False, verbosity=0)


Part = Callable[[Scale, datetime, int], list[Line]]
PARTS: dict[str, Part] = {
    "finding": lambda scale, now, requests: measure_finding(scale, now=now, requests=requests),
    "money": lambda scale, now, requests: measure_money(scale, now=now, requests=requests),
    "pages": lambda scale, now, requests: measure_pages(scale, now=now, requests=requests),
    "trail": lambda scale, now, requests: measure_trail(scale, now=now),
    "access": lambda scale, now, requests: measure_access(scale, now=now),
    "packet": lambda scale, now, requests: measure_packet(scale, now=now),
    "claims": lambda scale, now, requests: measure_claims(scale, now=now),
    "coordination": lambda scale, now, requests: measure_coordination(scale, now=now, requests=requests),
    "household": lambda scale, now, requests: measure_household(scale, now=now, requests=requests),
    "worries": lambda scale, now, requests: measure_worries(scale, now=now, requests=requests),
}


def parts_of(scale: Scale, only: Sequence[str] = ()) -> list[str]:
    """What is measured at a scale, in order; ``only``: nothing but these."""
    if only:
        return [part for part in PARTS if part in only]
    if scale.only_money:
        return ["money", "claims"]
    if scale.only_finding:
        return ["finding", "household", "worries"]
    return list(PARTS)


def run(
    scale: Scale, *, keep: bool, requests: int, say: Callable[[str], object], only: Sequence[str] = ()
) -> list[Line]:
    """Generate (unless ``keep``), measure, print and write the report."""
    _check_database()
    now = timezone.localtime().replace(microsecond=0)
    lines = []
    if not keep:
        _blank()
        began = time.monotonic()
        rows = generate(scale, now, say=lambda text: say(f"  {text}"))
        seconds = time.monotonic() - began
        lines.append(
            line(
                f"{scale.name}: generator",
                seconds,
                "s",
                below=60 if scale.has_bars and not scale.only_finding else None,
            )
        )
        lines.append(line(f"{scale.name}: rows", rows, "rows"))
        say(f"{scale.name}: {rows:,} rows")
    if settings.KYOSEI_ENV != "test":
        call_command("collectstatic", interactive=False, verbosity=0)  # pages name files by their hash
    settle_memory()  # as the web server does when it has loaded
    for part in parts_of(scale, only):
        lines += PARTS[part](scale, now, requests)
    show(lines, say)
    write(lines)
    return lines
