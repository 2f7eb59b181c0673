"""Long reports: ordered, made, cancelled, killed, refused; never two files, never half of one."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import time
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import connection, connections, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from pypdf import PdfReader

from accounts.models import Appointment
from audit.models import AccessRecord, ChangeRecord
from budgets.actions import report_jobs
from budgets.actions.report_jobs import (
    KEPT,
    LOCK,
    cancel_report,
    forget_reports,
    make_reports,
    order_report,
    work_dir,
)
from budgets.models import ReportJob, ReportPiece, WorkEntry
from budgets.pack import sources
from budgets.pack.reports import MAKERS
from budgets.workflow_claims import JobState, ReportKind
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.claims import YEAR, lock_months, make_shares
from tests.children import in_a_child


@pytest.fixture
def months(db, worker, center_worker, finance, time_machine):
    time_machine.move_to(f.NOW)
    make_shares()
    lock_months([worker, center_worker], finance, months=2)


def order(person, kind=ReportKind.SHEETS, **more) -> ReportJob:
    return order_report(kind=kind, fiscal_year=YEAR, actor=person.actor, at=f.NOW, **more)


def taken(person, job) -> bytes:
    response = person.client.get(f"/claims/reports/{job.pk}/file/")
    return b"".join(response.streaming_content) if response.status_code == 200 else b""


def test_a_report_is_ordered_made_and_taken(months, finance, auditor, worker):
    job = order(finance)
    assert order(finance).pk == job.pk  # the same one while it is being made
    page = finance.client.get(f"/claims/reports/{job.pk}/progress/").content.decode()
    assert "順番を待っています" in page
    assert make_reports(at=f.NOW) == 1
    assert make_reports(at=f.NOW) == 0
    job.refresh_from_db()
    assert job.state == JobState.DONE
    data = taken(finance, job)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (job.size, job.sha256)
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) == 4  # two workers, two months
    text = reader.pages[0].extract_text()
    assert "業務従事実績" in text
    assert worker.staff.name in "".join(p.extract_text() for p in reader.pages)
    minutes = sum(
        WorkEntry.objects.filter(worked_on__month=4, staff=worker.staff).values_list("minutes", flat=True)
    )
    assert any(f"{minutes:,}" in p.extract_text() for p in reader.pages)
    assert auditor.client.get(f"/claims/reports/{job.pk}/").status_code == 404  # another's order
    assert worker.client.get("/claims/reports/").status_code == 403
    assert ChangeRecord.objects.filter(action="report.done", detail__sha256=job.sha256).count() == 1
    assert AccessRecord.objects.filter(target_type="budgets.reportjob", kind="export").count() == 1
    assert not work_dir(job).exists()
    assert forget_reports(at=f.NOW + KEPT + timedelta(days=1)) > 0
    assert "もう一度作ってください" in finance.client.get(f"/claims/reports/{job.pk}/").content.decode()


def test_the_pack_is_made_as_a_job_and_ordered_on_the_page(months, finance, django_assert_max_num_queries):
    client = finance.client
    assert (
        client.post(f"/claims/reports/order/?year={YEAR + 1}", {"kind": "pack", "span": ""}).status_code
        == 422
    )
    assert client.post(f"/claims/reports/order/?year={YEAR}", {"kind": "pack", "span": ""}).status_code == 302
    make_reports(at=f.NOW)
    job = ReportJob.objects.get()
    assert taken(finance, job)[:2] == b"PK"
    with django_assert_max_num_queries(15):
        assert "受け取る" in client.get(f"/claims/reports/{job.pk}/").content.decode()
    order(finance, ReportKind.ENTRIES, month=date(YEAR, 4, 1))
    make_reports(at=f.NOW)
    rows = taken(finance, ReportJob.objects.latest("pk")).decode("utf-8-sig").splitlines()
    assert len(rows) - 1 == WorkEntry.objects.filter(worked_on__month=4).count()
    assert rows[0].startswith("月,日,職員")


def test_who_may_not_order(months, worker):
    with pytest.raises(NotAllowed):
        order(worker)


def test_a_year_without_locked_months_has_no_pack(months, finance):
    with pytest.raises(RuleViolation, match="締めた月がありません"):
        order_report(kind=ReportKind.PACK, fiscal_year=YEAR - 3, actor=finance.actor, at=f.NOW)


def test_cancelling_stops_the_worker_at_its_next_look(months, finance, monkeypatch):
    monkeypatch.setattr(report_jobs, "BEAT", 0.0)
    job = order(finance)
    looks = []

    def maker(job, actor, place, tick):
        path = place / "half.pdf"
        path.write_bytes(b"half")
        tick("はじめ", 1, 3)
        looks.append(1)
        cancel_report(job=job, actor=finance.actor, at=f.NOW)
        tick("つぎ", 2, 3)
        looks.append(2)  # never
        return path

    monkeypatch.setitem(MAKERS, ReportKind.SHEETS, maker)
    make_reports(at=f.NOW)
    job.refresh_from_db()
    assert looks == [1]
    assert job.state == JobState.CANCELLED
    assert not ReportPiece.objects.exists()
    assert not work_dir(job).exists()
    assert taken(finance, job) == b""
    with pytest.raises(InvalidTransition):
        cancel_report(job=job, actor=finance.actor, at=f.NOW)


def test_every_maker_looks_often(months, finance, tmp_path, monkeypatch):
    """Between two looks of a real maker lie so many entries (a day at least) or one page, not the whole file."""
    monkeypatch.setattr(sources, "SPAN", 0)
    for kind in ReportKind:
        job, ticks = order(finance, kind), []
        place = tmp_path / kind
        place.mkdir()
        MAKERS[kind](job, finance.actor, place, lambda *a, seen=ticks: seen.append(a))
        least = {ReportKind.PACK: 61, ReportKind.SHEETS: 4, ReportKind.ENTRIES: 61}[kind]
        assert len(ticks) >= least, kind
        assert all(done <= whole for _, done, whole in ticks)


@pytest.mark.parametrize(("span", "stretches"), [(0, 30), (1, 10), (5, 2), (10_000, 1)])
def test_a_month_is_copied_in_stretches_of_about_so_many_entries(months, monkeypatch, span, stretches):
    """Every day once, in order, whatever the size."""
    monkeypatch.setattr(sources, "SPAN", span)
    april = date(YEAR, 4, 1)
    assert WorkEntry.objects.filter(worked_on__month=4).count() == 10
    spans = sources.spans_of(april)
    assert (spans[0][0], spans[-1][1]) == (april, date(YEAR, 4, 30))
    assert all(a[1] + timedelta(days=1) == b[0] for a, b in pairwise(spans))
    assert len(spans) == stretches


def test_whoever_loses_the_right_meanwhile_gets_nothing(months, finance, monkeypatch):
    job, real = order(finance), MAKERS[ReportKind.SHEETS]

    def maker(*args):
        path = real(*args)
        Appointment.objects.filter(staff=finance.staff).update(
            during=DateRange(date(2024, 4, 1), f.TODAY)
        )  # ends today
        return path

    monkeypatch.setitem(MAKERS, ReportKind.SHEETS, maker)
    make_reports(at=f.NOW)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "権限が終わった" in job.note
    assert not ReportPiece.objects.exists()
    assert finance.client.get(f"/claims/reports/{job.pk}/file/").status_code in {302, 403, 404}


def test_whoever_loses_the_right_while_it_waits_gets_nothing_made(months, finance, monkeypatch):
    job, made = order(finance), []
    monkeypatch.setitem(MAKERS, ReportKind.SHEETS, lambda *args: made.append(args))
    Appointment.objects.filter(staff=finance.staff).update(during=DateRange(date(2024, 4, 1), f.TODAY))
    make_reports(at=f.NOW)
    job.refresh_from_db()
    assert (job.state, job.note, made) == (JobState.FAILED, report_jobs.NO_RIGHT, [])


@pytest.mark.parametrize(
    ("kind", "file"), [(ReportKind.ENTRIES, "entries.csv"), (ReportKind.PACK, "pack.xlsx")]
)
def test_a_full_disk_is_said_and_leaves_nothing(months, finance, monkeypatch, kind, file):
    """The file is a link to the device that is always full; the library of the workbook wraps what the disk said."""
    job, real = order(finance, kind), MAKERS[kind]

    def maker(job, actor, place, tick):
        (place / file).symlink_to("/dev/full")
        return real(job, actor, place, tick)

    monkeypatch.setitem(MAKERS, kind, maker)
    make_reports(at=f.NOW)
    job.refresh_from_db()
    assert (job.state, job.note) == (JobState.FAILED, report_jobs.FULL)
    assert not ReportPiece.objects.exists()
    assert not work_dir(job).exists()
    assert report_jobs.FULL in finance.client.get(f"/claims/reports/{job.pk}/").content.decode()


def test_a_full_disk_of_the_database_is_said_and_leaves_nothing(months, finance, monkeypatch):
    """The server itself answers with its error for it."""
    job, real = order(finance), report_jobs._store

    def store(job, path, beat):
        real(job, path, beat)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$")

    monkeypatch.setattr(report_jobs, "_store", store)
    make_reports(at=f.NOW)
    job.refresh_from_db()
    assert (job.state, job.note) == (JobState.FAILED, report_jobs.FULL)
    assert not ReportPiece.objects.exists()


def test_a_job_that_kills_its_workers_is_given_up(months, finance):
    job = order(finance)
    ReportJob.objects.filter(pk=job.pk).update(starts=report_jobs.MOST_STARTS)
    make_reports(at=f.NOW)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "何度も止まりました" in job.note


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_lock_another_worker_holds_is_left_alone(months, finance):
    job = order(finance)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, job.pk])
        assert make_reports(at=f.NOW) == 0
    finally:
        other.close()
    assert make_reports(at=f.NOW) == 1


@pytest.mark.django_db(transaction=True)
def test_kill_9_of_the_worker_and_the_next_one_makes_one_file(months, finance, monkeypatch):
    job, real = order(finance), report_jobs._store

    def slow_store(job, path, beat):
        real(job, path, beat)
        time.sleep(600)

    def worker() -> None:  # it stores all pieces and hangs before the end
        report_jobs._store = slow_store
        make_reports(at=f.NOW)

    pid = in_a_child(worker)
    for _ in range(600):
        if ReportPiece.objects.filter(job=job).exists():
            break
        time.sleep(0.1)
    assert make_reports(at=f.NOW) == 0  # it lives, and holds its job
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    for _ in range(100):  # until the server has seen that its connection is gone
        if make_reports(at=f.NOW):
            break
        time.sleep(0.1)
    job.refresh_from_db()
    assert (job.state, job.starts) == (JobState.DONE, 2)
    pieces = ReportPiece.objects.filter(job=job).order_by("number")
    assert [p.number for p in pieces] == list(range(len(pieces)))
    assert hashlib.sha256(b"".join(bytes(p.data) for p in pieces)).hexdigest() == job.sha256
    assert ChangeRecord.objects.filter(action="report.done").count() == 1
    assert connection.is_usable()
