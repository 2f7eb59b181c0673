"""支援経過: writing and correcting a progress note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Staff
from audit.actions import record
from cases.actions.text_index import index_text
from cases.enums import Way
from cases.models import Case, CasePartner, ProgressNote
from cases.permissions import check_can_write_note
from cases.signals import contact_recorded
from common.errors import NotAllowed, RuleViolation
from common.models import check_version
from households.actions.movements import SENT_BEFORE
from households.models import HouseholdMember, Person, staff_denied

CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class NoteData:
    """What was done. ``person`` is a member of the household, or nobody in particular; ``companion`` came along (a joint
    visit): the named worker of another agency of the team.
    """

    started_at: datetime
    minutes: int
    way: str
    text: str
    counterpart: str = ""
    person: Person | None = None
    companion: Staff | None = None
    next_on: date | None = None
    next_text: str = ""


def _check(data: NoteData, case: Case, at: datetime) -> None:
    if not data.text.strip():
        raise RuleViolation("内容を入力してください。", field="text")
    if not 1 <= data.minutes <= 1440:
        raise RuleViolation("時間は1分以上、24時間（1440分）以下で入力してください。", field="minutes")
    if data.started_at > at + CLOCK_SLACK:
        raise RuleViolation("対応日時が今より後です。", field="started_at")
    if data.started_at.year < 2000:
        raise RuleViolation("対応日時を確かめてください。", field="started_at")
    if data.way not in Way.values:
        raise RuleViolation("対応方法を一覧から選んでください。", field="way")
    if (
        data.person is not None
        and not HouseholdMember.objects.filter(household=case.household_id, person=data.person).exists()
    ):
        raise RuleViolation("この世帯の人を選んでください。", field="person")


def _check_companion(companion: Staff | None, case: Case, actor: Actor) -> None:
    """Somebody of the team, as it is named now; never the writer, nor who may not know of the household."""
    if companion is None:
        return
    partners = CasePartner.objects.filter(case=case, ended_at__isnull=True, staff=companion)
    in_team = companion.pk == case.lead_staff_id or partners.exists()
    if companion.pk == actor.staff_id or not in_team or companion.pk in staff_denied(case.household_id):
        raise RuleViolation("同行した人は、支援チームの人から選んでください。", field="companion")


def _touch_case(case: Case, note: ProgressNote, *, takes_next: bool) -> None:
    """The case knows its last contact and what comes next."""
    fields = []
    if case.last_contact_at is None or note.started_at > case.last_contact_at:
        case.last_contact_at = note.started_at
        fields.append("last_contact_at")
    if takes_next:
        case.next_on, case.next_text = note.next_on, note.next_text
        fields += ["next_on", "next_text"]
    if fields:
        case.save(update_fields=fields)


@transaction.atomic
def write_note(*, case: Case, data: NoteData, actor: Actor, at: datetime, request_key: UUID) -> ProgressNote:
    """One progress note; its minutes become a work entry. The same ``request_key`` returns the note it made."""
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_write_note(actor, case)
    known = ProgressNote.objects.filter(request_key=request_key, staff=actor.staff).first()
    if known is not None:
        if known.case_id != case.pk:
            raise RuleViolation(SENT_BEFORE)
        return known
    _check(data, case, at)
    _check_companion(data.companion, case, actor)
    agency, staff = actor.office()
    note = ProgressNote.objects.create(
        case=case, request_key=request_key, person=data.person, agency=agency, staff=staff,
        started_at=data.started_at, minutes=data.minutes, way=data.way, counterpart=data.counterpart, companion=data.companion,
        text=data.text.strip(), next_on=data.next_on, next_text=data.next_text, written_at=at,
    )  # fmt: skip
    index_text(note)
    _touch_case(case, note, takes_next=bool(data.next_on or data.next_text))
    record(actor=actor, action="note.write", target=note, at=at, case=case.number)
    contact_recorded.send(ProgressNote, record=note, actor=actor, at=at)
    return note


@transaction.atomic
def edit_note(
    *, note: ProgressNote, data: NoteData, version: int, actor: Actor, at: datetime
) -> ProgressNote:
    """The writer's agency corrects its note; StaleRecord when somebody saved in between."""
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=note.case_id)
    note = ProgressNote.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=note.pk)
    check_can_write_note(actor, case)
    if note.agency_id != actor.agency_id:
        raise NotAllowed("書いた機関だけが訂正できます。")
    check_version(note, version)
    _check(data, case, at)
    if data.companion != note.companion:
        _check_companion(data.companion, case, actor)
    moved_next = (note.next_on, note.next_text) != (data.next_on, data.next_text)
    for name in (
        "started_at",
        "minutes",
        "way",
        "counterpart",
        "person",
        "companion",
        "next_on",
        "next_text",
    ):
        setattr(note, name, getattr(data, name))
    note.text = data.text.strip()
    note.save()
    index_text(note)
    newest = ProgressNote.objects.filter(case=case).order_by("-started_at", "-pk").first()
    _touch_case(case, note, takes_next=moved_next and newest == note)
    record(actor=actor, action="note.edit", target=note, at=at, case=case.number)
    contact_recorded.send(ProgressNote, record=note, actor=actor, at=at)
    return note
