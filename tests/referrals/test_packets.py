"""配布資料: every copy once, whatever happens to the workers; rights asked again when a copy is made and when it is taken."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from threading import Event, Thread
from zipfile import ZipFile

import pytest
from django.db import connection, transaction
from django.urls import reverse
from pypdf import PdfReader

from accounts.enums import Ground
from audit.models import AccessKind, AccessRecord
from cases.actions.consent import withdraw_consent
from common.errors import InvalidTransition, RuleViolation
from households.actions.denials import deny_staff
from referrals.actions import packets
from referrals.actions.packets import cancel_packet, end_jobs, forget_packets, make_copies, order_packet
from referrals.models import PacketCopy, PacketJob
from referrals.workflow import CopyState, PacketState
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


def words(data: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(data)).pages)


@pytest.fixture
def meeting(worker, center_worker, disability_worker):
    """Two households: the care center may read one of them, the disability section none."""
    conference = c.convene(worker.actor, invite=(center_worker.agency, disability_worker.agency))
    shared = f.make_case(worker.actor)
    f.share_by_consent(shared, worker.actor, center_worker.actor)
    c.put(conference, shared, worker.actor, topic="共有できる議題", ground=Ground.CONSENT)
    c.put(conference, f.make_case(worker.actor), worker.actor, topic="自機関だけの議題")
    return conference


@pytest.fixture
def job(meeting, worker):
    return order_packet(conference=meeting, actor=worker.actor, at=NOW)


def test_a_copy_for_each_item_and_each_recipient_who_may_read_it(job, meeting, worker, center_worker):
    made = {
        (copy.agenda_item.topic, copy.member.agency_id)
        for copy in job.copies.select_related("agenda_item", "member")
    }
    assert made == {
        ("共有できる議題", worker.agency.pk), ("自機関だけの議題", worker.agency.pk), ("共有できる議題", center_worker.agency.pk),
    }  # fmt: skip
    assert order_packet(conference=meeting, actor=worker.actor, at=NOW) == job  # one at a time


def test_every_copy_bears_its_recipient(job, center_worker):
    assert make_copies() == 3
    job.refresh_from_db()
    assert job.state == PacketState.DONE
    copy = job.copies.get(member__agency=center_worker.agency)
    said = words(bytes(copy.pdf))
    assert "共有できる議題" in said
    assert f"配布先：No.{copy.number}" in said
    assert center_worker.agency.name in said
    assert "自機関だけの議題" not in said
    assert make_copies() == 0  # safe to run again


def test_copies_of_one_reading_are_laid_out_once(job, monkeypatch):
    from referrals import packet_pdf

    laid_out = []
    real = packet_pdf.html_to_pdf
    monkeypatch.setattr(packet_pdf, "html_to_pdf", lambda html: laid_out.append(html) or real(html))
    make_copies()
    assert len(laid_out) == 2  # two items; three copies


def test_a_copy_that_fails_holds_nobody_up(job, monkeypatch):
    real = packets.CopyMaker.pdf

    def broken(self, copy, item, job):
        if item.topic == "自機関だけの議題":
            raise ValueError
        return real(self, copy, item, job)

    monkeypatch.setattr(packets.CopyMaker, "pdf", broken)
    make_copies()
    assert sorted(job.copies.values_list("state", flat=True)) == ["made", "made", "refused"]
    job.refresh_from_db()
    assert job.state == PacketState.DONE


def test_rights_are_asked_again_when_a_copy_is_made(job, worker, center_worker):
    copy = job.copies.get(member__agency=center_worker.agency)
    consent = copy.agenda_item.case.household.consents.get()
    withdraw_consent(
        consent=consent,
        withdrawn_on=NOW.date(),
        note="やめたい",
        version=consent.version,
        actor=worker.actor,
        at=NOW,
    )
    make_copies()
    copy.refresh_from_db()
    assert copy.state == CopyState.REFUSED
    assert copy.pdf is None


def test_what_has_been_closed_to_the_one_who_ordered_is_neither_made_nor_taken(job, worker, colleague):
    first = job.copies.select_related("agenda_item__case__household").order_by("pk").first()
    make_copies()
    url = reverse("conferences:packet_zip", args=[job.pk])
    with ZipFile(BytesIO(worker.client.get(url).content)) as archive:
        assert len(archive.namelist()) == 2  # one file for each recipient
    deny_staff(
        household=first.agenda_item.case.household, staff=worker.staff, reason="relative", note="",
        actor=colleague.actor, at=NOW,
    )  # fmt: skip
    with ZipFile(BytesIO(worker.client.get(url).content)) as archive:
        assert "共有できる議題" not in "".join(words(archive.read(name)) for name in archive.namelist())


def test_a_job_is_cancelled(job, meeting, worker):
    make_copies(most=1)
    cancel_packet(job=job, actor=worker.actor, at=NOW)
    assert make_copies() == 0
    assert not PacketCopy.objects.filter(pdf__isnull=False).exists()
    with pytest.raises(InvalidTransition):
        cancel_packet(job=job, actor=worker.actor, at=NOW)
    assert order_packet(conference=meeting, actor=worker.actor, at=NOW) != job


def test_a_conference_with_nobody_to_give_papers_to(worker):
    with pytest.raises(RuleViolation, match="渡せる出席者"):
        order_packet(conference=c.convene(worker.actor), actor=worker.actor, at=NOW)


def test_a_secret_conference_copies_only_for_who_accepted_secrecy(worker, disability_worker, center_worker):
    conference = c.convene(
        worker.actor, kind="support", invite=(disability_worker.agency, center_worker.agency)
    )
    c.put(conference, f.make_case(worker.actor), worker.actor)
    c.accept(conference, disability_worker.actor)
    job = order_packet(conference=conference, actor=worker.actor, at=NOW)
    assert {copy.member.agency_id for copy in job.copies.select_related("member")} == {
        worker.agency.pk, disability_worker.agency.pk,
    }  # fmt: skip


def test_copies_are_forgotten_after_a_week(job):
    make_copies()
    assert forget_packets(at=NOW + timedelta(days=6)) == 0
    assert forget_packets(at=NOW + timedelta(days=8)) == 3
    assert PacketCopy.objects.count() == 3


def test_the_pages(job, meeting, worker, center_worker, stranger):
    urls = [reverse(f"conferences:{name}", args=[job.pk]) for name in ("packet", "packet_progress")]
    assert "3部のうち0部" in worker.client.get(urls[0]).content.decode()
    assert [center_worker.client.get(url).status_code for url in urls] == [404, 404]
    assert stranger.client.post(reverse("conferences:packet_cancel", args=[job.pk])).status_code == 404
    make_copies()
    page = worker.client.get(urls[1]).content.decode()
    assert "3部のうち3部" in page
    seat = c.seat(meeting, center_worker.agency)
    before = AccessRecord.objects.filter(kind=AccessKind.PRINT).count()
    pdf = worker.client.get(reverse("conferences:packet_pdf", args=[job.pk, seat.pk]))
    assert "共有できる議題" in words(pdf.content)
    assert (
        AccessRecord.objects.filter(kind=AccessKind.PRINT).count() == before + 2
    )  # the conference and its one case
    assert worker.client.post(reverse("conferences:packet_cancel", args=[job.pk])).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_leaves_its_copy_and_two_workers_make_none_twice(job):
    """One worker holds a copy and dies (its transaction is rolled back); meanwhile another passes it by."""
    held, let_go = Event(), Event()

    def dying() -> None:
        try:
            with transaction.atomic():
                PacketCopy.objects.filter(state=CopyState.WAITING).select_for_update(
                    of=("self",), skip_locked=True
                ).order_by("agenda_item_id", "pk").first()
                held.set()
                let_go.wait(60)
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
        finally:
            connection.close()

    worker = Thread(target=dying)
    worker.start()
    assert held.wait(60)
    assert make_copies() == 2
    assert end_jobs(at=NOW) == 0
    assert PacketJob.objects.get().state == PacketState.RUNNING
    let_go.set()
    worker.join()
    assert make_copies() == 1
    assert PacketJob.objects.get().state == PacketState.DONE
    assert not PacketCopy.objects.filter(pdf__isnull=True).exists()
