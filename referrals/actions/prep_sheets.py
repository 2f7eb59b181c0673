"""準備シート: asked of each invited agency that may read the item, written, handed in, seen by the convener, asked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Staff
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.japan.wareki import format_wareki_short
from common.models import check_version
from households.models import staff_denied
from referrals.actions.lock_conference import check_papers_open, lock_managed
from referrals.models import ChronologyEntry, Conference, PrepSheet
from referrals.models.prep_sheet import QUESTIONS
from referrals.permissions_conferences import check_can_manage
from referrals.selectors_prep import seats_to_ask
from referrals.workflow import PREP_TRANSITIONS, ConferenceState, PrepEvent, PrepState

REMIND_BEFORE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Dated:
    """A row of the family's chronology as an agency knows it."""

    on: date
    precision: str
    text: str


@transaction.atomic
def ask_sheets(*, conference: Conference, actor: Actor, at: datetime) -> int:
    """A sheet for each item and each invited agency that may read it; who has one already is not asked twice. Returns
    how many were asked.
    """
    conference = lock_managed(conference, actor, ConferenceState.PLANNED)
    check_papers_open(conference, actor)
    known = set(
        PrepSheet.objects.filter(agenda_item__conference=conference).values_list(
            "agenda_item_id", "member_id"
        )
    )
    rows = [
        PrepSheet(agenda_item=item, member=seat, asked_at=at)
        for item, seat in seats_to_ask(conference, at)
        if (item.pk, seat.pk) not in known
    ]
    for row in rows:
        row.save()
    if rows:
        record(actor=actor, action="conference.ask_sheets", target=conference, at=at, sheets=len(rows))
        _tell(rows, "準備シートのお願いが届いています。", at)
    return len(rows)


def _tell(sheets: Iterable[PrepSheet], words: str, at: datetime) -> None:
    """Who comes for the agency, else all who work there; never somebody whom the household's deny list names. One notice
    a conference and household: who stands in for an addressee may be denied one of them.
    """
    told: dict[tuple[int, int, int], set[int]] = {}
    days: dict[int, str] = {}
    for sheet in sheets:
        conference, home, agency = (
            sheet.agenda_item.conference,
            sheet.agenda_item.case.household_id,
            sheet.member.agency,
        )
        people = Staff.objects.of_agency(agency, on=timezone.localdate(at))
        if sheet.member.staff_id is not None:
            people = people.filter(pk=sheet.member.staff_id)
        found = set(people.values_list("pk", flat=True)) - staff_denied(home)
        told.setdefault((conference.pk, home, agency.pk), set()).update(found)
        day = format_wareki_short(timezone.localdate(conference.starts_at))
        days[conference.pk] = f"{conference.get_kind_display()}（{day}）"
    for (pk, home, agency_id), staff_ids in told.items():
        notify(
            staff_ids=staff_ids, text=f"{days[pk]}の{words}", url=f"/conferences/{pk}/#prep", at=at,
            kind=NoticeKind.CONFERENCE, about=home, agency_id=agency_id,
        )  # fmt: skip


def _locked(sheet: PrepSheet, actor: Actor) -> PrepSheet:
    rows = PrepSheet.objects.visible_to(actor).select_related(
        "agenda_item__conference__convener", "agenda_item__case", "member__agency"
    )
    return rows.select_for_update(of=("self",)).get(pk=sheet.pk)


def _move(sheet: PrepSheet, event: PrepEvent) -> None:
    try:
        sheet.state = PREP_TRANSITIONS[PrepState(sheet.state), event]
    except KeyError:
        raise InvalidTransition(
            f"この準備シートは「{PrepState(sheet.state).label}」のため、この操作はできません。"
        ) from None


def _check_own(sheet: PrepSheet, actor: Actor) -> None:
    if sheet.member.agency_id != actor.agency_id or actor.staff is None:
        raise NotAllowed(f"この準備シートを書けるのは、{sheet.member.agency.short_name}の職員だけです。")
    if sheet.agenda_item.conference.state != ConferenceState.PLANNED:
        raise InvalidTransition("会議が始まったあとは、準備シートを書けません。")


@transaction.atomic
def write_sheet(
    *, sheet: PrepSheet, answers: Mapping[str, str], entries: Sequence[Dated], version: int, hand_in: bool,
    actor: Actor, at: datetime,
) -> PrepSheet:  # fmt: skip
    """Save the four answers and the rows of the family's chronology, as a draft or handed in.

    Raises StaleRecord where a colleague has saved it since ``version``, RuleViolation for an empty sheet handed in.
    """
    sheet = _locked(sheet, actor)
    _check_own(sheet, actor)
    check_version(sheet, version)
    _move(sheet, PrepEvent.HAND_IN if hand_in else PrepEvent.WRITE)
    for name in QUESTIONS:
        setattr(sheet, name, answers.get(name, "").strip())
    if hand_in:
        if not any(getattr(sheet, name) for name in QUESTIONS) and not entries:
            raise RuleViolation(
                "四つの問いのうち、書けるものを書いてから提出してください。", field="situation"
            )
        sheet.sent_at, sheet.sent_by = at, actor.staff
    if any(entry.on > timezone.localdate(at) for entry in entries):
        raise RuleViolation("年表には、今日までのできごとを書いてください。", field="entries")
    sheet.save(update_fields=["state", *QUESTIONS, "sent_at", "sent_by"])
    sheet.entries.all().delete()
    ChronologyEntry.objects.bulk_create(
        [ChronologyEntry(sheet=sheet, on=e.on, precision=e.precision, text=e.text.strip()) for e in entries]
    )
    record(
        actor=actor, action=f"prep_sheet.{'hand_in' if hand_in else 'write'}", target=sheet, at=at,
        case=sheet.agenda_item.case_id,
    )  # fmt: skip
    return sheet


@transaction.atomic
def take_back(*, sheet: PrepSheet, actor: Actor, at: datetime) -> PrepSheet:
    """Back to the draft, while the convener has not seen it."""
    sheet = _locked(sheet, actor)
    _check_own(sheet, actor)
    _move(sheet, PrepEvent.TAKE_BACK)
    sheet.sent_at = sheet.sent_by = None
    sheet.save(update_fields=["state", "sent_at", "sent_by"])
    record(actor=actor, action="prep_sheet.take_back", target=sheet, at=at, case=sheet.agenda_item.case_id)
    return sheet


@transaction.atomic
def see_sheet(*, sheet: PrepSheet, actor: Actor, at: datetime) -> PrepSheet:
    """The convening agency has read it; seeing it twice keeps the first moment."""
    sheet = _locked(sheet, actor)
    check_can_manage(actor, sheet.agenda_item.conference)
    if sheet.state == PrepState.SEEN:
        return sheet
    _move(sheet, PrepEvent.SEE)
    sheet.seen_at, sheet.seen_by = at, actor.staff
    sheet.save(update_fields=["state", "seen_at", "seen_by"])
    record(actor=actor, action="prep_sheet.see", target=sheet, at=at, case=sheet.agenda_item.case_id)
    return sheet


@transaction.atomic
def remind_sheets(*, conference: Conference, actor: Actor, at: datetime) -> int:
    """The convener asks again whoever has not handed in; once a day at most. Returns how many sheets."""
    conference = lock_managed(conference, actor, ConferenceState.PLANNED)
    check_papers_open(conference, actor)
    today = timezone.localdate(at)
    rows = [
        sheet
        for sheet in _waiting().filter(agenda_item__conference=conference)
        if sheet.reminded_at is None or timezone.localdate(sheet.reminded_at) < today
    ]
    _remind(rows, at)
    if rows:
        record(actor=actor, action="conference.remind_sheets", target=conference, at=at, sheets=len(rows))
    return len(rows)


def _waiting() -> QuerySet[PrepSheet]:
    return (
        PrepSheet.objects.filter(
            state__in=[PrepState.ASKED, PrepState.DRAFT],
            agenda_item__conference__state=ConferenceState.PLANNED,
        )
        .select_related("agenda_item__conference", "agenda_item__case", "member__agency")
        .select_for_update(of=("self",))
        .order_by("pk")
    )


def _remind(rows: Sequence[PrepSheet], at: datetime) -> None:
    for sheet in rows:
        sheet.reminded_at = at
        sheet.save(update_fields=["reminded_at"])
    _tell(rows, "準備シートがまだ出ていません。会議の前に提出してください。", at)


@transaction.atomic
def remind_due_sheets(*, actor: Actor, at: datetime) -> int:
    """The job of every morning: three days before the sitting whoever has not handed in is asked once. Safe to run twice."""
    rows = list(
        _waiting().filter(
            reminded_at__isnull=True, agenda_item__conference__starts_at__gt=at,
            agenda_item__conference__starts_at__lte=at + REMIND_BEFORE,
        )
    )  # fmt: skip
    _remind(rows, at)
    for pk in sorted({sheet.agenda_item.conference_id for sheet in rows}):
        record(
            actor=actor, action="conference.remind_sheets", target=Conference(pk=pk), at=at,
            sheets=sum(sheet.agenda_item.conference_id == pk for sheet in rows),
        )  # fmt: skip
    return len(rows)
