"""準備シート: who is asked, who writes, who reads; the reminder; the family's chronology."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts.enums import Ground
from accounts.models import Notice
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from households.actions.denials import deny_staff
from referrals.actions.prep_sheets import (
    Dated,
    ask_sheets,
    remind_due_sheets,
    remind_sheets,
    see_sheet,
    take_back,
    write_sheet,
)
from referrals.actions.run_conference import start_conference
from referrals.forms.prep_sheet import parse_when
from referrals.models import PrepSheet
from referrals.tasks import remind_prep_sheets
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c

TELLING = "夜に電灯がついていることが多い"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def meeting(worker, case, center_worker, disability_worker):
    """A planned team meeting; the care center is on the team by consent, the disability section is not."""
    f.share_by_consent(case, worker.actor, center_worker.actor)
    conference = c.convene(
        worker.actor,
        invite=(center_worker.agency, disability_worker.agency),
        starts_at=NOW + timedelta(days=2),
    )
    c.put(conference, case, worker.actor, ground=Ground.CONSENT)
    return conference


@pytest.fixture
def sheet(meeting, worker):
    ask_sheets(conference=meeting, actor=worker.actor, at=NOW)
    return PrepSheet.objects.select_related("agenda_item", "member").get()


def write(sheet, actor, *, hand_in=True, entries=(), version=None, **answers):
    return write_sheet(
        sheet=sheet, answers=answers or {"situation": TELLING}, entries=entries, version=version or sheet.version,
        hand_in=hand_in, actor=actor, at=NOW,
    )  # fmt: skip


# ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_agencies_that_may_read_the_item_are_asked(meeting, worker, center_worker):
    assert ask_sheets(conference=meeting, actor=worker.actor, at=NOW) == 1
    assert ask_sheets(conference=meeting, actor=worker.actor, at=NOW) == 0  # nobody twice
    assert PrepSheet.objects.get().member.agency == center_worker.agency
    told = Notice.objects.get(staff=center_worker.staff, text__contains="準備シート")
    assert "森下" not in told.text


def test_a_secret_conference_asks_who_has_the_case_and_has_accepted_secrecy(
    worker, case, center_worker, disability_worker
):
    f.share_by_consent(case, worker.actor, center_worker.actor)
    conference = c.convene(
        worker.actor, kind="support", invite=(center_worker.agency, disability_worker.agency)
    )
    c.put(conference, case, worker.actor)
    assert ask_sheets(conference=conference, actor=worker.actor, at=NOW) == 0
    c.accept(conference, center_worker.actor)
    c.accept(conference, disability_worker.actor)
    assert ask_sheets(conference=conference, actor=worker.actor, at=NOW) == 1
    sheet = PrepSheet.objects.get()
    assert list(PrepSheet.objects.visible_to(center_worker.actor)) == [sheet]
    write(sheet, center_worker.actor)
    assert not PrepSheet.objects.visible_to(disability_worker.actor).exists()


def test_a_denied_worker_is_neither_told_nor_shown(meeting, worker, case, center_worker):
    colleague = f.make_staff(center_worker.agency, name="縁者 一")
    deny_staff(
        household=case.household, staff=colleague, reason="relative", note="", actor=worker.actor, at=NOW
    )
    ask_sheets(conference=meeting, actor=worker.actor, at=NOW)
    assert Notice.objects.filter(staff=center_worker.staff, text__contains="準備シート").exists()
    assert not Notice.objects.filter(staff=colleague, text__contains="準備シート").exists()
    assert not PrepSheet.objects.visible_to(f.actor_of(colleague)).exists()


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_draft_is_its_agencys_own_until_it_is_handed_in(sheet, worker, center_worker):
    write(sheet, center_worker.actor, hand_in=False)
    assert not PrepSheet.objects.visible_to(worker.actor).exists()
    sheet.refresh_from_db()
    write(sheet, center_worker.actor)
    seen = see_sheet(sheet=PrepSheet.objects.visible_to(worker.actor).get(), actor=worker.actor, at=NOW)
    assert (seen.state, seen.situation) == ("seen", TELLING)
    with pytest.raises(InvalidTransition):
        take_back(sheet=seen, actor=center_worker.actor, at=NOW)


def test_taking_back_hides_it_again(sheet, worker, center_worker):
    write(sheet, center_worker.actor)
    take_back(sheet=sheet, actor=center_worker.actor, at=NOW)
    assert not PrepSheet.objects.visible_to(worker.actor).exists()


def test_bad_sheets_are_told_beside_their_field(sheet, worker, center_worker, meeting):
    with pytest.raises(RuleViolation) as empty:
        write_sheet(
            sheet=sheet, answers={"situation": " "}, entries=[], version=sheet.version, hand_in=True,
            actor=center_worker.actor, at=NOW,
        )  # fmt: skip
    assert empty.value.field == "situation"
    with pytest.raises(RuleViolation) as future:
        write(sheet, center_worker.actor, entries=[Dated(date(2030, 1, 1), "year", "入学")])
    assert future.value.field == "entries"
    write(sheet, center_worker.actor, hand_in=False)
    with pytest.raises(StaleRecord):
        write(sheet, center_worker.actor, version=1)
    with pytest.raises((NotAllowed, PrepSheet.DoesNotExist)):
        write(sheet, worker.actor)
    start_conference(conference=meeting, actor=worker.actor, at=NOW)
    sheet.refresh_from_db()
    with pytest.raises(InvalidTransition, match="始まったあと"):
        write(sheet, center_worker.actor)


def test_the_page_of_a_sheet(sheet, worker, center_worker, disability_worker, stranger):
    url = reverse("conferences:prep_sheet", args=[sheet.pk])
    assert disability_worker.client.get(url).status_code == 404
    assert stranger.client.get(url).status_code == 404
    assert worker.client.get(url).status_code == 404  # a draft
    page = center_worker.client.get(url)
    assert all(
        question in page.content.decode()
        for question in (
            "把握している世帯像",
            "現在の取り組み状況",
            "関わってもらいたいか",
            "他部署へお願いしたいこと",
        )
    )
    data = {"version": sheet.version, "situation": TELLING, "when_0": "平成30年", "what_0": "父が入院する"}
    wrong = center_worker.client.post(url, {**data, "when_0": "むかし"})
    assert wrong.status_code == 422
    assert TELLING in wrong.content.decode()
    assert center_worker.client.post(url, {**data, "hand_in": "yes"}).status_code == 302
    assert TELLING in worker.client.get(url).content.decode()
    pdf = center_worker.client.get(reverse("conferences:prep_sheet_pdf", args=[sheet.pk]))
    words = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf.content)).pages)
    assert "把握している世帯像" in words
    assert "電灯" in words


def test_the_conference_page_counts_what_is_waiting(sheet, meeting, worker, center_worker):
    url = reverse("conferences:detail", args=[meeting.pk])
    assert "お願い 1件・提出待ち 1件" in worker.client.get(url).content.decode()
    write(sheet, center_worker.actor)
    page = worker.client.get(url).content.decode()
    assert "お願い 1件・提出待ち 0件" in page
    assert reverse("conferences:prep_sheet", args=[sheet.pk]) in page


# ── Reminding ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_morning_reminds_once(sheet, center_worker):
    assert remind_prep_sheets() == 1
    assert remind_prep_sheets() == 0
    assert Notice.objects.filter(staff=center_worker.staff, text__contains="まだ出ていません").count() == 1


def test_the_morning_leaves_what_is_handed_in_or_far_away(sheet, meeting, center_worker):
    meeting.starts_at = NOW + timedelta(days=9)
    meeting.save(update_fields=["starts_at"])
    assert remind_prep_sheets() == 0
    meeting.starts_at = NOW + timedelta(days=1)
    meeting.save(update_fields=["starts_at"])
    write(sheet, center_worker.actor)
    assert remind_due_sheets(actor=center_worker.actor, at=NOW) == 0


def test_the_convener_asks_again_once_a_day(sheet, meeting, worker):
    assert remind_sheets(conference=meeting, actor=worker.actor, at=NOW) == 1
    assert remind_sheets(conference=meeting, actor=worker.actor, at=NOW) == 0
    assert remind_sheets(conference=meeting, actor=worker.actor, at=NOW + timedelta(days=1)) == 1


# ── 家族年表 ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_chronology_joins_what_each_agency_holds(sheet, worker, center_worker, disability_worker):
    write(
        sheet,
        center_worker.actor,
        entries=[Dated(date(2018, 1, 1), "year", "夫を亡くす"), Dated(date(1970, 5, 1), "month", "転入")],
    )
    sheet.agenda_item.case.person.birth_on = date(1948, 4, 5)
    sheet.agenda_item.case.person.save(update_fields=["birth_on"])
    url = reverse("conferences:family_years", args=[sheet.agenda_item_id])
    rows = worker.client.get(url).context["rows"]
    written = [(row.when, row.agency, row.text) for row in rows if row.is_written]
    center = center_worker.agency.short_name
    assert written == [("昭和45年5月", center, "転入"), ("平成30年", center, "夫を亡くす")]
    assert any("生まれる" in row.text for row in rows)
    assert [row.on for row in rows] == sorted(row.on for row in rows)
    assert disability_worker.client.get(url).status_code == 404


def test_a_draft_is_in_nobody_elses_chronology(sheet, worker, center_worker):
    write(sheet, center_worker.actor, hand_in=False, entries=[Dated(date(2018, 1, 1), "year", "夫を亡くす")])
    url = reverse("conferences:family_years", args=[sheet.agenda_item_id])
    assert "夫を亡くす" not in worker.client.get(url).content.decode()
    assert "夫を亡くす" in center_worker.client.get(url).content.decode()


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("平成30年", date(2018, 1, 1), "year"), ("H30", date(2018, 1, 1), "year"), ("２０１８", date(2018, 1, 1), "year"),
        ("令和元年", date(2019, 12, 31), "year"), ("H30.5", date(2018, 5, 1), "month"), ("R2.4.1", date(2020, 4, 1), "day"),
    ],
)  # fmt: skip
def test_dates_of_a_life_are_read_as_finely_as_they_are_known(text, day, precision):
    assert parse_when(text) == (day, precision)


@pytest.mark.parametrize("text", ["むかし", "平成99年", "13月", ""])
def test_what_is_no_date_is_told(text):
    with pytest.raises(ValueError, match=r"[。年月]"):
        parse_when(text)
