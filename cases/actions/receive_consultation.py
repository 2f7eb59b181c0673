"""相談を受ける: one contact, written once; person, household, case and work record follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import ConsentState
from accounts.models import Staff
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.actions.numbers import CONSULTATION_SERIES, take_number
from cases.actions.take_up import take_up_case
from cases.actions.team import join_as_receiver
from cases.actions.text_index import index_text
from cases.enums import Caller, CodeList, Outcome, Way
from cases.models import Case, Code, Consultation, ConsultationConcern, ConsultationPerson
from cases.signals import contact_recorded
from common.errors import NotAllowed, RuleViolation
from households.actions.persons import PersonData, build_household, build_person
from households.enums import Relation
from households.models import Household, HouseholdMember, Person, staff_denied

CLOCK_SLACK = timedelta(minutes=5)  # a desk's clock may run ahead of the server's


@dataclass(frozen=True, slots=True)
class ContactData:
    """What the desk wrote down. Only way, time, minutes and text are needed."""

    started_at: datetime
    minutes: int
    way: str
    text: str
    caller: str = Caller.SELF
    caller_name: str = ""
    caller_phone: str = ""
    caller_relation: str = ""
    is_anonymous: bool = False
    concerns: Sequence[str] = field(default=())
    most_pressing: str = ""
    sectors: Sequence[str] = field(default=())
    consent: str = ConsentState.UNKNOWN
    outcome: str = Outcome.UNDECIDED
    route: str = ""


@dataclass(frozen=True, slots=True)
class OtherPerson:
    """Somebody else whom the contact is about: a known person, or one made from what was typed."""

    person_id: int | None = None
    new: PersonData | None = None
    relation: str = Relation.UNKNOWN
    lives_together: bool = False


def check_contact(data: ContactData, at: datetime) -> None:
    """The few things that must be right, each with its field."""
    if not data.text.strip():
        raise RuleViolation("話されたことを入力してください。", field="text")
    if not 1 <= data.minutes <= 1440:
        raise RuleViolation("時間は1分以上、24時間（1440分）以下で入力してください。", field="minutes")
    if data.started_at > at + CLOCK_SLACK:
        raise RuleViolation("受付日時が今より後です。", field="started_at")
    if data.started_at.year < 2000:
        raise RuleViolation("受付日時を確かめてください。", field="started_at")
    if data.way not in Way.values:
        raise RuleViolation("対応方法を一覧から選んでください。", field="way")
    if data.caller not in Caller.values:
        raise RuleViolation("来談者を一覧から選んでください。", field="caller")
    if data.outcome not in Outcome.values:
        raise RuleViolation("対応の結果を一覧から選んでください。", field="outcome")
    if data.consent not in ConsentState.values:
        raise RuleViolation("同意の状態を一覧から選んでください。", field="consent")


def find_concerns(data: ContactData) -> dict[str, Code]:
    """The ticked concerns (◎ counts as ticked), valid on the day of the contact; unknown codes are refused."""
    wanted = {*data.concerns, *([data.most_pressing] if data.most_pressing else [])}
    codes = {
        code.code: code
        for code in Code.objects.of(CodeList.CONCERN, timezone.localdate(data.started_at)).filter(
            code__in=wanted
        )
    }
    if unknown := wanted - set(codes):
        raise RuleViolation(
            f"知らない相談内容のコードです（{'、'.join(sorted(unknown))}）。", field="concerns"
        )
    return codes


def proposed_sectors(codes: Sequence[Code]) -> list[str]:
    """The sectors that the ticked concerns propose, sorted, each once."""
    return sorted({sector for code in codes for sector in code.sectors})


def current_household(person: Person, at: datetime) -> Household | None:
    """The household that the person belongs to on the day; of several the one joined last. Never one to which somebody
    added them by name alone: their contacts would be read there.
    """
    member = (
        HouseholdMember.objects.filter(during__contains=timezone.localdate(at), by_identity=False)
        .filter(person=person)
        .select_related("household")
        .order_by("-during", "-pk")
        .first()
    )
    return member.household if member else None


def _find_person(person_id: int | None, actor: Actor) -> Person | None:
    if person_id is None:
        return None
    person = Person.objects.findable_by(actor).filter(pk=person_id).first()
    if person is None:
        raise RuleViolation("選ばれた人は見つかりません。もう一度探してください。", field="person")
    return person


def _add_others(
    consultation: Consultation, others: Sequence[OtherPerson], *, actor: Actor, at: datetime
) -> None:
    """Everybody whom the contact names stands in it. A new person joins the household, if there is one that the agency
    keeps; a known one is only named: in which household they live is not decided by a contact.
    """
    household = consultation.household
    kept = (
        household is not None
        and Household.objects.visible_to(actor.by_office()).filter(pk=household.pk).exists()
    )
    for n, other in enumerate(others):
        if other.relation not in Relation.values:
            raise RuleViolation("続柄を一覧から選んでください。", field=f"other_{n}_relation")
        try:
            person = _find_person(other.person_id, actor) or (
                build_person(other.new, at=at) if other.new else None
            )
        except RuleViolation as violation:
            violation.field = f"other_{n}_text"
            raise
        if person is None or person.pk == consultation.person_id:
            continue
        if other.new is not None and household is not None and kept:
            HouseholdMember.objects.create(
                household=household, person=person, relation=other.relation, lives_together=other.lives_together,
                during=(None, None),
            )  # fmt: skip
        ConsultationPerson.objects.create(consultation=consultation, person=person, relation=other.relation)


def _household_of(person: Person | None, needed: bool, *, actor: Actor, at: datetime) -> Household | None:
    """The person's household (made when missing), or one for an unknown person when support goes on.

    Hearing somebody opens no record that another agency keeps: a known household is not granted by a contact.
    """
    household = current_household(person, at) if person else None
    if household is None:
        if person is None and not needed:
            return None
        area = actor.agency.area if actor.agency else None
        return build_household(person=person, area=area, actor=actor, at=at)
    return household


def _case_of(
    household: Household, consultation: Consultation, sectors: Sequence[str], *, actor: Actor, at: datetime
) -> Case:
    """The household's open case, its closed one taken up again, or a new one led here. Nobody is turned away: where another agency leads, the contact
    stands in its case at once, its lead worker is told, and the receiving agency takes part beside it. Its record
    opens to the receiving agency only on a ground of sharing.
    """
    case = take_up_case(
        household=household, person=consultation.person, actor=actor, at=at, sectors=sectors,
        reason=f"相談受付 {consultation.receipt_no}",
    )  # fmt: skip
    begins = case.opened_at == at  # whoever leads it by the model has just heard of it
    if (
        case.lead_agency_id != actor.agency_id
        and not begins
        and actor.agency is not None
        and actor.staff is not None
    ):
        join_as_receiver(case=case, agency=actor.agency, staff=actor.staff, actor=actor, at=at)
        notify(
            staff_ids={case.lead_staff_id} - staff_denied(case.household_id),
            # at which desk is no word for a mail: it may tell where somebody lives (支援措置)
            text=f"{case.number}に、ほかの機関で受けた相談が加わりました。",
            url=reverse("cases:detail", args=[case.number]),
            at=at,
            kind=NoticeKind.CASE,
            about=case.household_id,
            agency_id=case.lead_agency_id,
        )
    Case.objects.filter(pk=case.pk).exclude(last_contact_at__gt=consultation.started_at).update(
        last_contact_at=consultation.started_at
    )
    return case


@transaction.atomic
def receive_consultation(
    *, data: ContactData, actor: Actor, at: datetime, request_key: UUID, person_id: int | None = None,
    new_person: PersonData | None = None, others: Sequence[OtherPerson] = (),
) -> Consultation:  # fmt: skip
    """Write one contact with everything that follows, or nothing.

    ``person_id`` is a person found by identity, ``new_person`` makes one; neither: nobody is named. The same
    ``request_key`` again returns the record that it made (Consultation.DoesNotExist where it is not seen any more). Raises RuleViolation beside the field concerned, Overlap
    when the worker's time is taken, NotAllowed without the right to receive.
    """
    if not actor.has(Permission.CONSULTATION_RECEIVE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("相談を受ける権限がありません。")
    # one worker's receipts one after the other: the same form twice at once finds what the first made
    Staff.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.staff.pk)
    known = Consultation.objects.filter(request_key=request_key, staff=actor.staff).first()
    if known is not None:
        return Consultation.objects.visible_to(actor).get(pk=known.pk)
    check_contact(data, at)
    codes = find_concerns(data)
    sectors = sorted({*data.sectors}) or proposed_sectors(list(codes.values()))
    person = None if data.is_anonymous else _find_person(person_id, actor)
    if person is None and new_person is not None and not data.is_anonymous:
        person = build_person(new_person, at=at)
    route = None
    if data.route:
        route = (
            Code.objects.of(CodeList.ROUTE, timezone.localdate(data.started_at))
            .filter(code=data.route)
            .first()
        )
        if route is None:
            raise RuleViolation("相談経路を一覧から選んでください。", field="route")
    goes_on = data.outcome in (Outcome.SUPPORT, Outcome.REFER)
    consultation = Consultation.objects.create(
        receipt_no=take_number(CONSULTATION_SERIES, at), request_key=request_key, agency=actor.agency,
        staff=actor.staff, started_at=data.started_at, minutes=data.minutes, way=data.way, route=route,
        caller=data.caller, caller_name=data.caller_name, caller_phone=data.caller_phone,
        caller_relation=data.caller_relation, text=data.text.strip(), is_anonymous=data.is_anonymous, person=person,
        sectors=sectors, consent=data.consent, outcome=Outcome.UNDECIDED,
    )  # fmt: skip
    ConsultationConcern.objects.bulk_create(
        ConsultationConcern(
            consultation=consultation, code=code, is_most_pressing=code.code == data.most_pressing
        )
        for code in codes.values()
    )
    _follow_up(consultation, data, goes_on, sectors, actor=actor, at=at)
    index_text(consultation)
    _add_others(consultation, others, actor=actor, at=at)
    record(
        actor=actor, action="consultation.receive", target=consultation, at=at, outcome=data.outcome,
        case=consultation.case_id,
    )  # fmt: skip
    contact_recorded.send(Consultation, record=consultation, actor=actor, at=at)
    return consultation


def _follow_up(
    consultation: Consultation, data: ContactData, goes_on: bool, sectors: Sequence[str], *, actor: Actor,
    at: datetime,
) -> None:  # fmt: skip
    household = _household_of(consultation.person, goes_on, actor=actor, at=at)
    consultation.household = household
    consultation.outcome = data.outcome
    open_now = Case.objects.open().filter(household=household).exists() if household else False
    if household is not None and (goes_on or open_now):
        consultation.case = _case_of(household, consultation, sectors, actor=actor, at=at)
    consultation.save(update_fields=["household", "outcome", "case"])
