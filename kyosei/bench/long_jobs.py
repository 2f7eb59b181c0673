"""Long reports as they are ordered: how soon a cancelled one stops, and that a killed worker's becomes one file."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable
from datetime import date, datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Final

from django.db import connection, connections

from accounts.actor import Actor, build_actor
from accounts.models import Staff
from budgets.actions.report_jobs import cancel_report, make_reports, order_report, work_dir
from budgets.models import ReportJob, ReportPiece
from budgets.workflow_claims import JobState, ReportKind
from common.errors import InvalidTransition
from kyosei.bench.process import make_reports as work_on_reports
from kyosei.bench.report import Line, line

CLERK: Final = "finance-1"
LOOK: Final = 0.02  # seconds between two looks from outside
MOST: Final = 1800.0  # seconds; never reached unless a worker hangs


def _wait(until: Callable[[], bool]) -> bool:
    end = time.monotonic() + MOST
    while time.monotonic() < end:
        if until():
            return True
        time.sleep(LOOK)
    return False


def _begun(job: ReportJob) -> bool:
    """Whether its worker has shown progress, or is through with it."""
    job.refresh_from_db()
    return job.beat_at is not None or job.state != JobState.RUNNING


def _order(
    kind: ReportKind, year: int, month: date | None, actor: Actor, now: datetime
) -> tuple[ReportJob, BaseProcess]:
    """An ordered report and the process that makes it, once it has shown progress."""
    job = order_report(kind=kind, fiscal_year=year, actor=actor, at=now, month=month)
    connections.close_all()
    worker = get_context("spawn").Process(target=work_on_reports)
    worker.start()
    _wait(lambda: _begun(job) or worker.exitcode is not None)
    return job, worker


def _cancel(kind: ReportKind, year: int, actor: Actor, now: datetime) -> float | None:
    """Seconds from the cancelling until the worker has left the job and its files are gone; None: it was done before."""
    job, worker = _order(kind, year, None, actor, now)
    try:
        began = time.monotonic()
        cancel_report(job=job, actor=actor, at=now)
    except InvalidTransition:
        return None
    finally:
        _wait(lambda: not work_dir(job).exists())
        seconds = time.monotonic() - began
        worker.join(MOST)
    return seconds


def _killed(year: int, month: date | None, actor: Actor, now: datetime) -> tuple[float, int] | None:
    """A worker is killed (-9) in the middle: seconds until the next may begin anew, and how far the file is from the one
    that was promised (0: one file, whole, with the hash on record). None: it was done before."""
    job, worker = _order(ReportKind.SHEETS, year, month, actor, now)
    if worker.pid is None or job.state != JobState.RUNNING:
        worker.join(MOST)
        return None
    os.kill(worker.pid, signal.SIGKILL)
    began = time.monotonic()
    worker.join(MOST)
    waited: list[float] = []

    def taken() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [job.pk]
            )
            free = not cursor.fetchone()[0]
        if free:
            waited.append(time.monotonic() - began)
        return free

    _wait(taken)
    make_reports()
    job.refresh_from_db()
    pieces = ReportPiece.objects.filter(job=job).order_by("number")
    sha = hashlib.sha256()
    for data in pieces.values_list("data", flat=True).iterator(chunk_size=4):
        sha.update(bytes(data))
    wrong = int(job.state != JobState.DONE) + int(sha.hexdigest() != job.sha256) + int(work_dir(job).exists())
    return waited[0] if waited else MOST, wrong


def measure_long_jobs(year: int, month: date | None, *, name: str, now: datetime) -> list[Line]:
    """``month``: what the killed worker was making (None: the whole year). A report that is done sooner than one can cancel
    it has no line."""
    actor = build_actor(Staff.objects.get(username=CLERK), on=now.date())
    lines = []
    for kind, words in ((ReportKind.SHEETS, "sheets to sign"), (ReportKind.ENTRIES, "entries")):
        if (seconds := _cancel(kind, year, actor, now)) is not None:
            lines.append(
                line(f"{name}: {words}, cancelled until the worker has stopped", seconds, "s", below=2)
            )
    if (found := _killed(year, month, actor, now)) is not None:
        lines += [
            line(f"{name}: sheets to sign, worker killed until the next may begin", found[0], "s"),
            line(f"{name}: sheets to sign, wrong after a killed worker", found[1], "", at_most=0),
        ]
    ReportPiece.objects.filter(job__asked_by__username=CLERK).delete()
    return lines
