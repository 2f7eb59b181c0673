"""Work entries that follow a record: nobody types minutes twice (invariant 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record as record_change
from budgets.actions.entry_guard import (
    check_minutes,
    clock_range,
    colliding,
    month_is_locked,
    name_of,
    stretch,
    write_entry,
)
from budgets.attribution import EVERYTHING, MEETING, OUTREACH, Asks, Facts, asks_of, attribute
from budgets.duty import Stretch, longest, minutes_of, without
from budgets.entry_queries import locked_months
from budgets.enums import Activity, SourceType
from budgets.masters import category_of
from budgets.models import DutyAssignment, WorkEntry, WorkFinding
from budgets.rule_tables import table_on
from cases.models import Consultation, OutreachAttempt, ProgressNote, WatchAttempt
from common.errors import Overlap, RuleViolation
from common.japan.age import age_on

Contact = Consultation | ProgressNote | WatchAttempt | OutreachAttempt
SOURCES: dict[type[models.Model], SourceType] = {
    Consultation: SourceType.CONSULTATION,
    ProgressNote: SourceType.NOTE,
    WatchAttempt: SourceType.WATCH,
    OutreachAttempt: SourceType.OUTREACH,
}


def facts_of(contact: Contact, asks: Asks = EVERYTHING) -> Facts:
    """Age of the person helped on the day, the contact's sectors, else its case's; and what ``asks`` names: the activity,
    and the worker's 専従の財源 and 資格 on the day."""
    case = contact.case
    person = getattr(contact, "person", None) or (case.person if case else None)
    own = getattr(contact, "sectors", [])
    sectors = own or (case.sectors if case else [])
    on = timezone.localtime(contact.started_at).date()
    birth = person.birth_on if person else None
    assignments = DutyAssignment.objects.filter(staff=contact.staff_id, during__contains=on)
    duty = assignments.select_related("stream").first() if asks.assignment else None
    return Facts(
        age=age_on(birth, on) if birth and birth <= on else None,
        sectors=frozenset(sectors),
        activity=_activity(contact) if asks.activity else "",
        dedicated=duty.stream.code if duty and duty.stream and asks.dedicated else "",
        qualification=duty.qualification if duty and asks.qualification else "",
    )


def _activity(contact: Contact) -> str:
    """The way of a note; a first contact and a watch are activities of their own, however they came about."""
    if isinstance(contact, ProgressNote):
        return contact.way
    return (Activity.CONSULTATION if isinstance(contact, Consultation) else Activity.WATCH).value


def _wanted(contact: Contact) -> WorkEntry:
    """The entry as the record would have it, not saved."""
    day = timezone.localtime(contact.started_at).date()
    is_outreach = isinstance(contact, OutreachAttempt)
    table = () if is_outreach else table_on(day)
    decided = OUTREACH if is_outreach else attribute(facts_of(contact, asks_of(table)), table)
    number = contact.case.number if contact.case else getattr(contact, "receipt_no", "")
    return WorkEntry(
        staff_id=contact.staff_id, agency_id=contact.agency_id, category=category_of(decided.category_code),
        during=stretch(contact.started_at, contact.minutes or 0), source_type=SOURCES[type(contact)],
        source_id=contact.pk,
        case_number=number, reason=decided.reason, note=contact.get_way_display(),
    )  # fmt: skip


_TIME = ("staff_id", "agency_id", "during")
_REST = ("category_id", "case_number", "reason", "note")


def _moved(entry: WorkEntry, wanted: WorkEntry, names: tuple[str, ...]) -> list[str]:
    def value(of: WorkEntry, name: str) -> object:
        return (of.during.lower, of.during.upper) if name == "during" else getattr(of, name)

    return [name for name in names if value(entry, name) != value(wanted, name)]


@transaction.atomic
def derive_from_record(*, contact: Contact, actor: Actor, at: datetime) -> WorkEntry:
    """Make or update the entry of a contact; the same record again changes nothing.

    In a locked month an entry stands as it is: a correction of the words passes, one that would move time, worker or
    agency is refused. Raises Overlap (field minutes) and RuleViolation (field minutes).
    """
    check_minutes(contact.minutes or 0)
    wanted = _wanted(contact)
    entry = (
        WorkEntry.objects.select_for_update(of=("self",))
        .filter(source_type=wanted.source_type, source_id=contact.pk)
        .first()
    )
    if entry is None:
        write_entry(wanted, actor, at)
        _audit("work_entry.derive", wanted, actor, at)
        return wanted
    moved = _moved(entry, wanted, _TIME)
    if entry.is_corrected:
        _keep_correction(entry, wanted)
    is_locked = bool(locked_months({timezone.localtime(entry.during.lower).date()}))
    if is_locked and moved:
        raise month_is_locked(entry.during.lower)
    changed = moved + _moved(entry, wanted, _REST)
    if is_locked or not changed:
        return entry
    for name in changed:
        setattr(entry, name, getattr(wanted, name))
    write_entry(entry, actor, at)
    _audit("work_entry.follow", entry, actor, at, changed=changed)
    return entry


def _keep_correction(entry: WorkEntry, wanted: WorkEntry) -> None:
    """The worker's category stands while the record moves; when the table comes to say the same, the correction is over."""
    if wanted.category_id == entry.category_id:
        entry.derived_category, entry.correction, entry.corrected_at = None, "", None
    else:
        entry.derived_category = wanted.category
        wanted.category = entry.category


def _audit(action: str, entry: WorkEntry, actor: Actor, at: datetime, **detail: object) -> None:
    record_change(
        actor=actor, action=action, target=entry, at=at, staff=entry.staff_id, minutes=entry.minutes,
        category=entry.category.code, source=f"{entry.source_type}:{entry.source_id}", **detail,
    )  # fmt: skip


# ── Meetings ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a closed conference means for the minutes of those who sat there."""

    source_id: int
    label: str  # the kind of conference; never its title, which may name a person
    starts_at: datetime
    minutes: int
    case_number: str = ""  # of the one case that it was about

    @property
    def stretch(self) -> Stretch:
        during = stretch(self.starts_at, self.minutes)
        return during.lower, during.upper


@transaction.atomic
def derive_meeting_entry(
    *, meeting: Meeting, staff: Staff, agency: Agency, actor: Actor, at: datetime
) -> WorkEntry | None:
    """The attendee's entry of a conference, which never stops the conference from closing.

    Where the worker has other entries at that time, the longest free stretch of the meeting is entered and a
    WorkFinding stands on the worker's week until it is looked at; where no minute is free, or the month is locked,
    only the finding. Called again for the same conference it changes nothing.
    """
    known = WorkEntry.objects.filter(
        source_type=SourceType.CONFERENCE, source_id=meeting.source_id, staff=staff
    ).first()
    if known is not None:
        return known
    entry = WorkEntry(
        staff=staff, agency=agency, category=category_of(MEETING.category_code),
        during=stretch(meeting.starts_at, meeting.minutes), source_type=SourceType.CONFERENCE,
        source_id=meeting.source_id, case_number=meeting.case_number, reason=MEETING.reason, note=meeting.label,
    )  # fmt: skip
    try:
        return _enter_meeting(entry, actor, at)
    except Overlap as overlap:
        return _enter_part(entry, overlap, meeting, actor, at)
    except RuleViolation as violation:
        _raise_finding(entry, f"会議「{meeting.label}」を入れられませんでした。{violation.message}", at)
        return None


def _enter_meeting(entry: WorkEntry, actor: Actor, at: datetime) -> WorkEntry:
    check_minutes(minutes_of([(entry.during.lower, entry.during.upper)]))
    with transaction.atomic():
        write_entry(entry, actor, at)
    _audit("work_entry.derive", entry, actor, at)
    return entry


def _enter_part(
    entry: WorkEntry, overlap: Overlap, meeting: Meeting, actor: Actor, at: datetime
) -> WorkEntry | None:
    whole = clock_range(entry.during)
    other = colliding(entry)
    own = name_of(other, tell_case=True) if other else ""
    with_what = f"{clock_range(other.during)} の「{own}」" if other else "別の業務実績"
    busy = WorkEntry.objects.filter(staff=entry.staff_id, during__overlap=entry.during).order_by("during")
    free = longest(without([meeting.stretch], [(e.during.lower, e.during.upper) for e in busy]))
    text = f"会議「{meeting.label}」（{whole}）は {with_what}と重なるため、"
    if free is None:
        _raise_finding(entry, f"{text}入れていません。", at)
        return None
    entry.during = stretch(free[0], minutes_of([free]))
    entry.pk = None
    try:
        written = _enter_meeting(entry, actor, at)
    except RuleViolation:
        _raise_finding(entry, f"{text}入れていません。", at)
        return None
    _raise_finding(entry, f"{text}{clock_range(entry.during)} だけを入れました。", at)
    return written


def _raise_finding(entry: WorkEntry, text: str, at: datetime) -> None:
    WorkFinding.objects.get_or_create(
        staff_id=entry.staff_id, source_type=entry.source_type, source_id=entry.source_id or 0,
        defaults={
            "agency_id": entry.agency_id, "worked_on": timezone.localtime(entry.during.lower).date(),
            "text": text[:300], "raised_at": at,
        },
    )  # fmt: skip


@transaction.atomic
def settle_finding(*, finding: WorkFinding, actor: Actor, at: datetime) -> WorkFinding:
    """The worker has looked at it and mended, by hand, what was to be mended."""
    row = WorkFinding.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=finding.pk)
    if row.staff_id != actor.staff_id:
        raise RuleViolation("本人だけが確認済みにできます。")
    if row.settled_at is None:
        row.settled_at, row.settled_by = at, actor.staff
        row.save(update_fields=["settled_at", "settled_by"])
        record_change(actor=actor, action="work_finding.settle", target=row, at=at)
    return row
