"""Long reports: ordering, making, cancelling, taking away, forgetting.

What is to be made stands in the database. A worker holds an advisory lock of the job while it makes it, which goes with
its connection: a worker that dies leaves the job to the next, which begins anew, and two never make the same file. The
file comes into being in a directory of its own, is stored in pieces, and can be read only once the job is done.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from xlsxwriter.exceptions import FileCreateError

from accounts.actor import Actor, build_actor
from accounts.roles import Permission
from audit.actions import record
from budgets.models import ReportJob, ReportPiece
from budgets.models.report_jobs import PIECE
from budgets.pack.reports import MAKERS
from budgets.settlement.actuals import standing_runs
from budgets.workflow_claims import JOB_TRANSITIONS, JobEvent, JobState, ReportKind
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.jobs import enqueue, only_one

TASK: Final = "budgets.tasks.make_reports"
LOCK: Final = 7002  # first key of the advisory locks of jobs
BEAT: Final = 0.5  # seconds between two looks at whether somebody cancelled
MOST_STARTS: Final = 3
KEPT: Final = timedelta(days=7)
FULL: Final = (
    "サーバーのディスクに空きがないため、作れませんでした。空きを作ってから、もう一度作ってください。"
)
NO_RIGHT: Final = "作成中に、頼んだ職員の権限が終わったため、渡せません。"
log = structlog.get_logger(__name__)


class Stopped(Exception):
    """Somebody cancelled the job."""


@transaction.atomic
def order_report(
    *, kind: ReportKind, fiscal_year: int, actor: Actor, at: datetime, month: date | None = None
) -> ReportJob:  # fmt: skip
    """Order a report; while the same one is being made for the same person, that one is returned."""
    if not actor.has(Permission.APPORTION_VIEW):
        raise NotAllowed("帳票を作る権限がありません。")
    if actor.staff is None or actor.appointment is None:
        raise NotAllowed("所属する機関がないため、この操作はできません。")
    if kind == ReportKind.PACK and not standing_runs(actor, fiscal_year):
        raise RuleViolation("この年度に締めた月がありません。月を締めてから作ってください。")
    running = ReportJob.objects.visible_to(actor).filter(
        kind=kind, fiscal_year=fiscal_year, month=month, state=JobState.RUNNING
    )
    if (found := running.first()) is not None:
        return found
    job = ReportJob.objects.create(
        kind=kind, fiscal_year=fiscal_year, month=month, asked_by=actor.staff, appointment=actor.appointment, asked_at=at
    )  # fmt: skip
    record(actor=actor, action="report.order", target=job, at=at, kind=kind, year=fiscal_year)
    enqueue(TASK)
    return job


@transaction.atomic
def cancel_report(*, job: ReportJob, actor: Actor, at: datetime) -> ReportJob:
    """Stop a report; its worker sees it within ``BEAT`` and throws away what it has."""
    job = ReportJob.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=job.pk)
    _move(job, JobEvent.CANCEL, at)
    ReportPiece.objects.filter(job=job).delete()
    record(actor=actor, action="report.cancel", target=job, at=at)
    return job


def _move(job: ReportJob, event: JobEvent, at: datetime, note: str = "") -> None:
    try:
        job.state = JOB_TRANSITIONS[JobState(job.state), event]
    except KeyError:
        raise InvalidTransition(f"この作成は「{job.get_state_display()}」のため、取り消せません。") from None
    job.ended_at, job.note = at, note
    job.save(update_fields=["state", "ended_at", "note", "size", "sha256"])


# ── The worker's side ───────────────────────────────────────────────────────────────────────────────────────


def make_reports(*, at: datetime | None = None) -> int:
    """Make what waits, one after the other; returns how many ended here. Safe to run anywhere, any number of times."""
    ended = 0
    for pk in ReportJob.objects.filter(state=JobState.RUNNING).order_by("pk").values_list("pk", flat=True):
        with only_one(LOCK, pk) as mine:
            if mine and ReportJob.objects.filter(pk=pk, state=JobState.RUNNING).exists():
                _make(ReportJob.objects.select_related("asked_by").get(pk=pk), at)
                ended += 1
    return ended


def work_dir(job: ReportJob) -> Path:
    return Path(settings.VAR_DIR) / "reports" / f"job-{job.pk}"


def _make(job: ReportJob, at: datetime | None) -> None:
    ReportPiece.objects.filter(job=job).delete()
    if job.starts >= MOST_STARTS:
        _fail(job, "作成が何度も止まりました。管理者に連絡してください。", at)
        return
    ReportJob.objects.filter(pk=job.pk).update(starts=job.starts + 1, done=0, step="")
    place = work_dir(job)
    shutil.rmtree(place, ignore_errors=True)
    try:
        place.mkdir(parents=True)
        actor = _asker(job)
        if not actor.has(Permission.APPORTION_VIEW):
            _fail(job, NO_RIGHT, at)
            return
        beat = Beat(job)
        path = MAKERS[ReportKind(job.kind)](job, actor, place, beat.tick)
        size, digest = _store(job, path, beat)
        _finish(job, size, digest, at)
    except Stopped:
        ReportPiece.objects.filter(job=job).delete()
    except RuleViolation as violation:
        _fail(job, violation.message, at)
    except (OSError, OperationalError, FileCreateError) as error:
        if not _is_full(error):
            raise
        _fail(job, FULL, at)
    except Exception as error:
        log.exception("report_failed", job=job.pk, error=type(error).__name__)
        _fail(job, "作成中に問題が起きました。管理者に連絡してください。", at)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_full(error: BaseException) -> bool:
    """Also when the workbook's library or Django put an exception of its own around what the disk or the server said."""
    chain = (error, error.__cause__, error.__context__, *error.args)
    return any(
        (isinstance(e, OSError) and e.errno in {errno.ENOSPC, errno.EDQUOT})
        or isinstance(e, psycopg.errors.DiskFull)
        for e in chain
    )


def _asker(job: ReportJob) -> Actor:
    """Who ordered it, with the rights of today."""
    return build_actor(job.asked_by, on=timezone.localdate(), appointment_id=job.appointment_id)


class Beat:
    """Writes how far the job is, and stops it when somebody cancelled."""

    def __init__(self, job: ReportJob) -> None:
        self.job, self.last = job, 0.0

    def tick(self, step: str, done: int, whole: int) -> None:
        """Cheap enough to be called for every row."""
        now = time.monotonic()
        if now - self.last < BEAT:
            return
        self.last = now
        running = ReportJob.objects.filter(pk=self.job.pk, state=JobState.RUNNING)
        if not running.update(step=step[:60], done=done, whole=whole, beat_at=timezone.now()):
            raise Stopped


def _store(job: ReportJob, path: Path, beat: Beat) -> tuple[int, str]:
    sha, size, number = hashlib.sha256(), 0, 0
    with path.open("rb") as file:
        while block := file.read(PIECE):
            ReportPiece.objects.create(job=job, number=number, data=block)
            sha.update(block)
            size, number = size + len(block), number + 1
            beat.tick("保存", 1, 1)
    return size, sha.hexdigest()


def _finish(job: ReportJob, size: int, digest: str, at: datetime | None) -> None:
    """The file is handed over, if whoever asked may still have it."""
    moment = at or timezone.now()
    if not _asker(job).has(Permission.APPORTION_VIEW):
        _fail(job, NO_RIGHT, at)
        return
    with transaction.atomic():
        job = ReportJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if job.state != JobState.RUNNING:
            raise Stopped
        job.size, job.sha256 = size, digest
        _move(job, JobEvent.FINISH, moment)
        record(
            actor=Actor.system("帳票"), action="report.done", target=job, at=moment, kind=job.kind, year=job.fiscal_year,
            sha256=digest, size=size,
        )  # fmt: skip


def _fail(job: ReportJob, why: str, at: datetime | None) -> None:
    """Nothing half-written is left behind; the page says why."""
    moment = at or timezone.now()
    with transaction.atomic():
        job = ReportJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if job.state != JobState.RUNNING:
            return
        ReportPiece.objects.filter(job=job).delete()
        _move(job, JobEvent.FAIL, moment, why[:200])
        record(actor=Actor.system("帳票"), action="report.failed", target=job, at=moment, kind=job.kind)


@transaction.atomic
def forget_reports(*, at: datetime) -> int:
    """Files are kept for a week; that they were made, with their hash, stays on record."""
    old = ReportPiece.objects.filter(job__asked_at__lt=at - KEPT).exclude(job__state=JobState.RUNNING)
    return old.delete()[0]
