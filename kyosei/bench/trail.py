"""The chain over a million rows of the access log: how long sealing and checking take. Everything is undone."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from audit.actions_chain import seal_chain
from audit.verification import check_chain
from kyosei.bench.report import Line, line
from kyosei.bench.scales import Scale

ROWS: Final = 1_000_000
ROWS_OF_A_TRIAL: Final = 20_000
_FILL = """
    INSERT INTO audit_accessrecord
        (at, actor_label, staff_id_text, agency_id_text, role, kind, target_type, target_id, ground, path, remote_addr)
    SELECT %s - n * interval '7 seconds', '職員' || n %% 300 || '（機関' || n %% 40 || '）', (n %% 300)::text,
           (n %% 40)::text, 'desk_worker', 'view', 'cases.case', (n * 7919 %% 12000)::text, 'own_duty',
           '/cases/R8-' || n %% 12000 || '/', '10.0.' || n %% 250 || '.1'
      FROM generate_series(1::bigint, %s) n
"""


class _UndoneError(Exception):
    pass


def measure_trail(scale: Scale, *, now: datetime) -> list[Line]:
    """Rows put in, sealed and verified in one transaction that is rolled back."""
    rows = ROWS if scale.cases >= 10_000 else ROWS_OF_A_TRIAL
    lines: list[Line] = []
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_FILL, [now, rows])
            began = time.monotonic()
            sealed = seal_chain(at=now)
            lines.append(line(f"{scale.name}: trail, {sealed:,} rows chained", time.monotonic() - began, "s"))
            began = time.monotonic()
            report = check_chain()
            seconds = time.monotonic() - began
            assert not report.breaks and report.rows >= rows
            lines.append(line(f"{scale.name}: trail, {rows:,} rows verified", seconds, "s", below=60))
            raise _UndoneError
    except _UndoneError:
        return lines
