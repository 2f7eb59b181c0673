"""A household in which everything has happened that its stream can tell, made by the real actions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

from cases.actions.assessment import ItemData, add_item
from cases.actions.closing import ClosingData, close_case, reopen_case
from cases.actions.consent import withdraw_consent
from cases.actions.follow_up import Tried, record_follow_up
from cases.actions.notes import NoteData, write_note
from cases.actions.outreach import (
    AttemptData,
    WorryData,
    agree_to_support,
    begin_outreach,
    record_attempt,
)
from cases.actions.plan import (
    EvaluationData,
    PlanData,
    PlanItemData,
    decide_plan,
    evaluate_plan,
    save_plan,
    start_plan,
)
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.models import AssessmentItem, Case, Code, FollowUp, ProgressNote
from cases.stream.read import Wanted, read
from cases.stream.registry import reader_for
from households.actions.members import add_member, end_membership
from households.actions.movements import Moved
from households.actions.moves import change_living
from households.contact import shield_for
from households.enums import MovementKind
from households.models import Person
from referrals.actions.answer_referral import answer_referral
from tests import factories as f
from tests.referrals import conferences as c
from tests.referrals.helpers import send

EVERY_KIND = {
    "a", "ae", "c", "o", "g", "gd", "hb", "hd", "hj", "hl", "hm", "m", "n", "p", "pe", "r", "ra", "s", "sw", "w", "wa",
    "z",
}  # fmt: skip


def note(case: Case, actor, at: datetime, text: str = "電話で様子を聞いた", **fields) -> ProgressNote:
    data = NoteData(**{"started_at": at, "minutes": 15, "way": "phone", "text": text} | fields)
    return write_note(case=case, data=data, actor=actor, at=f.NOW, request_key=uuid4())


def read_as(persona, case: Case, *, wanted: Wanted | None = None, cursor: str = "", size: int = 200):
    """One page of the household's stream as a persona reads it."""
    who = reader_for(persona.actor, shield_for(persona.actor), case.household_id)
    return read(who, wanted, cursor=cursor, size=size)


def everything(worker, center_worker) -> Case:
    """Each kind of row at least once; a year from the first contact to the reopening."""
    actor = worker.actor
    person = f.make_person()
    f.make_household(person=person, agency=worker.agency, actor=actor)
    start = f.NOW - timedelta(days=2)
    contact = receive_consultation(
        data=ContactData(started_at=start, minutes=20, way="visit_desk", text="母と二人で困っている", outcome="support", sectors=("elderly",)),
        person_id=person.pk, actor=actor, at=start, request_key=uuid4(),
    )  # fmt: skip
    case = Case.objects.get(pk=contact.case_id)
    note(case, actor, start + timedelta(hours=2), next_text="また訪ねる", person=person)
    item = add_item(
        case=case, data=ItemData("problem", "家賃が遅れている", person=person), actor=actor, at=start
    )
    AssessmentItem.objects.filter(pk=item.pk).update(ended_at=start + timedelta(hours=3))
    consent = f.give_consent(case, actor, center_worker.agency, at=start, given_on=start.date())
    referral = send(actor, case, center_worker.agency, at=start + timedelta(hours=4))
    answer_referral(referral=referral, event="join", actor=center_worker.actor, at=start + timedelta(hours=5))
    plan = start_plan(case=case, actor=actor, at=start)
    goals = PlanData(
        long_goal="働く", short_goal="家賃を払う", items=(PlanItemData(action="窓口へ同行する"),)
    )
    plan = save_plan(plan=plan, data=goals, version=plan.version, actor=actor, at=start)
    meeting = c.convene(
        actor, at=start, starts_at=f.NOW + timedelta(minutes=5), invite=(center_worker.agency,)
    )
    item = c.put(meeting, case, actor, topic="役割を決める", ground="consent")
    c.sit(meeting, actor)
    c.decide(item, worker.agency, worker.staff, actor)
    decide_plan(plan=plan, actor=actor, at=f.NOW + timedelta(minutes=20), where="支援調整会議")
    evaluate_plan(
        plan=plan, data=EvaluationData("reached", "close", note="落ち着いた"), actor=actor, at=f.NOW
    )
    withdraw_consent(
        consent=consent, withdrawn_on=f.TODAY, note="もうよい", version=consent.version, actor=actor, at=f.NOW
    )
    _family(case, actor)
    _outreach(case, actor)
    _after_closing(case, actor)
    case.refresh_from_db()
    return case


def _family(case: Case, actor) -> None:
    home = case.household
    baby = f.make_person("森下", "陽", birth_on=f.TODAY)
    brother = f.make_person("森下", "実", birth_on=date(1950, 1, 1))
    for person, since in ((baby, f.TODAY), (brother, date(2021, 5, 1))):
        add_member(
            household=home, person=person, data=None, relation="relative", lives_together=True, is_key_person=False,
            since=since, actor=actor, at=f.NOW,
        )  # fmt: skip
    end_membership(member=home.members.get(person=brother), last_on=date(2026, 3, 31), actor=actor, at=f.NOW)
    Person.objects.filter(pk=case.person_id).update(died_on=date(2026, 11, 1))


def _outreach(case: Case, actor) -> None:
    worry = WorryData(described="森下さん", worry="姿を見ない", source="neighbour", next_on=f.TODAY)
    begun = begin_outreach(data=worry, actor=actor, at=f.NOW, request_key=uuid4(), person_id=case.person_id)
    attempt = AttemptData(
        started_at=f.NOW, way="home_visit", answer="voice", next_on=f.TODAY, note="声がした"
    )
    record_attempt(outreach=begun, data=attempt, actor=actor, at=f.NOW, request_key=uuid4())
    agree_to_support(outreach=begun, agreed_on=f.TODAY, how="玄関先で", actor=actor, at=f.NOW)


def _after_closing(case: Case, actor) -> None:
    change_living(
        household=case.household, kind=MovementKind.FACILITY_IN, actor=actor, at=f.NOW,
        moved=Moved(on=date(2026, 11, 1), people=(case.person_id,)),
    )  # fmt: skip
    close_case(
        case=case, actor=actor, at=f.NOW,
        data=ClosingData(kind="close", reason=Code.objects.get(code_list="closing_reason", code="z01"),
                         note="納得している", follow_up_on=date(2026, 12, 23), every="1"),
    )  # fmt: skip
    turn = FollowUp.objects.waiting().get(case=case)
    at = f.NOW + timedelta(days=1)
    record_follow_up(
        follow_up=turn, result="stable", note="元気そう", next_on=None, stop_reason="", actor=actor, at=at,
        tried=Tried(started_at=at - timedelta(hours=1), minutes=10, way="phone", request_key=uuid4()),
    )  # fmt: skip
    case.refresh_from_db()
    reopen_case(case=case, actor=actor, at=at + timedelta(hours=2), reason="また困りごとが出た")
