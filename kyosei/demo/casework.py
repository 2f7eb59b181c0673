"""Tells the stories: every step is the action that a person at a screen would have called, at a time of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency
from cases.actions.assessment import ItemData, add_item
from cases.actions.closing import ClosingData, close_case, reopen_case
from cases.actions.consent import ConsentData, record_consent
from cases.actions.follow_up import Tried, record_follow_up
from cases.actions.notes import NoteData, write_note
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
from cases.enums import CodeList
from cases.models import Case, Code, FollowUp, SupportPlan
from cases.selectors.consents import standing_consent
from households.actions.kinship import add_kinship
from households.actions.members import add_member
from households.actions.persons import PersonData, update_household
from households.enums import InformationKind
from households.models import Household, Person
from kyosei.demo import steps as s
from kyosei.demo.cast import Cast, moment
from referrals.actions.answer_referral import answer_referral
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.actions.send_referral import send_referral
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import Referral
from referrals.workflow import REFERRAL_WAITING

OFFICE_CLOSES: Final = time(17, 15)
_SHORT: Final = 5  # minutes that a small act takes


def request_key(*parts: object) -> UUID:
    """The same key at every load, as a form sent twice would have."""
    return uuid5(NAMESPACE_URL, "kyosei-demo/" + "/".join(str(part) for part in parts))


@dataclass(slots=True)
class Told:
    """How far a story has been told."""

    story: s.Story
    people: dict[str, Person] = field(default_factory=dict)
    household: Household | None = None
    case: Case | None = None
    last: datetime | None = None
    steps: int = 0
    answers: int = 0

    @property
    def open_case(self) -> Case:
        assert self.case is not None, f"{self.story.key} has no case yet"
        return self.case


class Teller:
    """Does one step at a time. ``told`` is found by the story's key."""

    def __init__(self, cast: Cast, stories: list[s.Story]) -> None:
        self.cast = cast
        self.told = {story.key: Told(story) for story in stories}
        self._codes = {(c.code_list, c.code): c for c in Code.objects.order_by("pk")}
        self._acts: dict[type, Callable[[Told, Any], None]] = {
            s.Contact: self._contact, s.Member: self._member, s.Note: self._note, s.Item: self._item,
            s.Consent: self._consent, s.Refer: self._refer, s.Answer: self._answer, s.Withdraw: self._withdraw,
            s.Escalate: self._escalate, s.Plan: self._plan, s.Decide: self._decide, s.Evaluate: self._evaluate,
            s.Close: self._close, s.FollowUpDone: self._follow_up, s.Reopen: self._reopen,
        }  # fmt: skip

    def tell(self, key: str, step: s.Step) -> None:
        told = self.told[key]
        told.steps += 1
        try:
            self._acts[type(step)](told, step)
        except Exception as error:
            error.add_note(f"{key}: {step}")
            raise

    # ── small helps ─────────────────────────────────────────────────────────────────────────────────────────

    def _time(self, told: Told, who: str, ago: int, minutes: int = _SHORT) -> tuple[datetime, datetime]:
        start, end = self.cast.take(who, self.cast.day(ago), minutes, told.last)
        told.last = end
        return start, end

    def _codes_of(self, code_list: str, words: str) -> list[Code]:
        return [self._codes[code_list, word] for word in words.split()]

    def _key(self, told: Told) -> UUID:
        return request_key(told.story.key, told.steps)

    def _person_data(self, someone: s.Someone) -> PersonData:
        birth = None
        if someone.age is not None and someone.birthday_in is not None:
            next_one = self.cast.today + timedelta(days=someone.birthday_in)
            birth = date(next_one.year - someone.age - 1, next_one.month, min(next_one.day, 28))
        elif someone.age is not None:
            # a birthday between two and eleven months ago, a different one for each name
            days = 60 + sum(map(ord, someone.family + someone.given)) % 270
            today = self.cast.today
            birth = date(today.year - someone.age, today.month, min(today.day, 28)) - timedelta(days=days)
        return PersonData(
            family_name=someone.family, given_name=someone.given, family_kana=someone.family_kana,
            given_kana=someone.given_kana, birth_on=birth, sex=someone.sex, phone=someone.phone,
            workplace=someone.workplace, note=someone.note,
        )  # fmt: skip

    def _in_days(self, days: int | None) -> date | None:
        return None if days is None else self.cast.today + timedelta(days=days)

    # ── steps ───────────────────────────────────────────────────────────────────────────────────────────────

    def _contact(self, told: Told, step: s.Contact) -> None:
        actor = self.cast.actor(step.who)
        start, end = self._time(told, step.who, step.ago, step.minutes)
        known = told.people.get(step.about)
        someone = told.story.person if step.about == "本人" and known is None else None
        data = ContactData(
            started_at=start, minutes=step.minutes, way=step.way, text=step.text, caller=step.caller,
            caller_name=step.name, caller_relation=step.relation, is_anonymous=told.story.person is None,
            concerns=step.concerns.split(), most_pressing=step.pressing, consent=step.consent, outcome=step.outcome,
            route=step.route,
        )  # fmt: skip
        row = receive_consultation(
            data=data, actor=actor, at=end, request_key=self._key(told), person_id=known.pk if known else None,
            new_person=self._person_data(someone) if someone else None,
        )  # fmt: skip
        if row.person is not None:
            told.people.setdefault("本人", row.person)
        if told.household is None and row.household is not None and row.case is not None:
            told.household, told.case = row.household, row.case
            self._address(told, actor, end)
            if step.consent == "yes" and row.person is not None:
                ends_on = self._in_days(step.consent_ends_in)
                self._answer_consent(told, step.who, "yes", self._named(told), end, ends_on)

    def _address(self, told: Told, actor: Actor, at: datetime) -> None:
        assert told.household is not None
        home = told.household
        home.refresh_from_db()
        number = next((n for n in range(1, 16) if self._town(n) in told.story.address), None)
        area = self.cast.agency(f"hokenshitsu-{number:02d}").area if number else home.area
        update_household(
            household=home, name=home.name, area=area, postal_code="", address=told.story.address,
            phone=told.story.phone, version=home.version, actor=actor, at=at,
        )  # fmt: skip

    def _town(self, number: int) -> str:
        return self.cast.agency(f"hokenshitsu-{number:02d}").name.removeprefix("まちの保健室 ")

    def _member(self, told: Told, step: s.Member) -> None:
        assert told.household is not None
        actor = self.cast.actor(step.who)
        _, at = self._time(told, step.who, step.ago)
        member = add_member(
            household=told.household, person=None, data=self._person_data(step.person), relation=step.relation,
            lives_together=step.lives_together, is_key_person=step.is_key, since=None, actor=actor, at=at,
        )  # fmt: skip
        told.people[step.key] = member.person
        if step.kin:
            own, other = told.people["本人"], member.person
            # kin says what the new person is: a child has 本人 as its parent
            person, relative = (own, other) if step.kin == "child" else (other, own)
            kind = "parent" if step.kin == "child" else step.kin
            add_kinship(
                household=told.household, person=person, relative=relative, kind=kind, note="", actor=actor, at=at
            )  # fmt: skip

    def _note(self, told: Told, step: s.Note) -> None:
        start, end = self._time(told, step.who, step.ago, step.minutes)
        data = NoteData(
            started_at=start, minutes=step.minutes, way=step.way, text=step.text, counterpart=step.counterpart,
            person=told.people.get(step.about), next_on=self._next_on(step), next_text=step.next_text,
        )  # fmt: skip
        write_note(
            case=told.open_case,
            data=data,
            actor=self.cast.actor(step.who),
            at=end,
            request_key=self._key(told),
        )

    def _next_on(self, step: s.Note) -> date | None:
        """A next date of an older note counts back like the note itself."""
        if step.next_in is not None and step.next_in > 60:
            return self.cast.day(step.next_in)
        return self._in_days(step.next_in)

    def _item(self, told: Told, step: s.Item) -> None:
        _, at = self._time(told, step.who, step.ago)
        code = self._codes[CodeList.ISSUE, step.issue] if step.issue else None
        data = ItemData(
            kind=step.kind, text=step.text, person=told.people.get(step.about), code=code, sector=step.sector
        )
        add_item(case=told.open_case, data=data, actor=self.cast.actor(step.who), at=at)

    def _consent(self, told: Told, step: s.Consent) -> None:
        _, at = self._time(told, step.who, step.ago)
        self._answer_consent(told, step.who, step.state, self._named(told), at)

    def _named(self, told: Told) -> list[Agency]:
        """The agencies that the story goes on to ask, or else the care centre: a yes names somebody."""
        asked = [step.to for step in told.story.steps if isinstance(step, s.Refer)]
        codes = dict.fromkeys(asked or ["houkatsu", "shakyo"])
        return [self.cast.agency(code) for code in codes]

    def _answer_consent(
        self,
        told: Told,
        who: str,
        state: str,
        agencies: list[Agency],
        at: datetime,
        ends_on: date | None = None,
    ) -> None:
        told.answers += 1
        data = ConsentData(
            state=state, given_on=timezone.localdate(at), method="spoken", kinds=tuple(InformationKind.values),
            agencies=tuple(agencies), purpose="くらしの困りごとを一緒に支えるため", witness="同席した同僚", ends_on=ends_on,
        )  # fmt: skip
        record_consent(
            case=told.open_case, data=data, actor=self.cast.actor(who), at=at,
            request_key=request_key(f"{told.story.key}-consent", told.answers),
        )  # fmt: skip

    def _refer(self, told: Told, step: s.Refer) -> None:
        _, at = self._time(told, step.who, step.ago)
        due = self.cast.today - timedelta(days=step.ago) + timedelta(days=int(step.days))
        # a fraction of a day is a time of that day
        hour = time(17, 15) if step.days == int(step.days) else time(9 + int(step.days % 1 * 8))
        send_referral(
            case=told.open_case, to_agency=self.cast.agency(step.to), purpose=step.purpose, message=step.message,
            ground=step.ground or self._ground(told, step, at), parts=step.parts.split(), deadline_at=max(moment(due, hour), at + timedelta(hours=4)),
            actor=self.cast.actor(step.who), at=at, request_key=self._key(told),
        )  # fmt: skip

    def _ground(self, told: Told, step: s.Refer, at: datetime) -> str:
        """Consent where one names the receiver, else the ground on which nothing that names anybody goes."""
        receiver, today = self.cast.agency(step.to), timezone.localdate(at)
        consent = standing_consent(told.open_case, receiver, today)
        if consent is None and self._works_along(told, receiver):
            self._answer_consent(told, step.who, "yes", [receiver], at)
            consent = standing_consent(told.open_case, receiver, today)
        return Ground.CONSENT if consent else Ground.COORDINATION

    def _works_along(self, told: Told, receiver: Agency) -> bool:
        """Whether the receiver joins and goes on to work on the record: then the sender had asked the person first."""
        return any(
            isinstance(step, s.Answer)
            and step.event == "join"
            and self.cast.actor(step.who).agency_id == receiver.pk
            for step in told.story.steps
        )

    def _waiting(self, told: Told, agency: int | None) -> Referral:
        return Referral.objects.get(case=told.open_case, to_agency=agency, state__in=REFERRAL_WAITING)

    def _answer(self, told: Told, step: s.Answer) -> None:
        actor = self.cast.actor(step.who)
        _, at = self._time(told, step.who, step.ago, 10)
        referral = self._waiting(told, actor.agency_id)
        answer_referral(referral=referral, event=step.event, actor=actor, at=at, note=step.note)

    def _withdraw(self, told: Told, step: s.Withdraw) -> None:
        _, at = self._time(told, step.who, step.ago)
        referral = self._waiting(told, self.cast.agency(step.to).pk)
        withdraw_referral(referral=referral, actor=self.cast.actor(step.who), at=at, note=step.note)

    def _escalate(self, told: Told, step: s.Escalate) -> None:
        at = moment(self.cast.today - timedelta(days=step.ago), time(17, 20))
        escalate_overdue(actor=Actor.system("つなぎの期限"), at=at)

    def _plan(self, told: Told, step: s.Plan) -> None:
        actor = self.cast.actor(step.who)
        _, at = self._time(told, step.who, step.ago, 40)
        plan = start_plan(case=told.open_case, actor=actor, at=at)
        first = self.cast.today - timedelta(days=step.starts_ago)
        last = first + timedelta(days=step.months * 30 - 1)
        items = [
            PlanItemData(
                action=line.action, problem=line.problem, agency=self.cast.agency(line.agency), frequency=line.frequency,
                due_on=self._in_days(line.due_in) or last,
            )
            for line in step.lines
        ]  # fmt: skip
        data = PlanData(
            hope=step.hope, long_goal=step.long_goal, short_goal=step.short_goal, starts_on=first, ends_on=last,
            monitoring_on=first + timedelta(days=step.months * 15), services=self._codes_of(CodeList.SERVICE, step.services),
            items=items,
        )  # fmt: skip
        save_plan(plan=plan, data=data, version=plan.version, actor=actor, at=at)

    def latest_plan(self, told: Told) -> SupportPlan:
        return SupportPlan.objects.filter(case=told.open_case).order_by("-ordinal")[0]

    def _decide(self, told: Told, step: s.Decide) -> None:
        _, at = self._time(told, step.who, step.ago)
        decide_plan(plan=self.latest_plan(told), actor=self.cast.actor(step.who), at=at, where=step.where)

    def _evaluate(self, told: Told, step: s.Evaluate) -> None:
        _, at = self._time(told, step.who, step.ago, 30)
        data = EvaluationData(
            achievement=step.achievement, judgement=step.judgement, note=step.note, remaining=step.remaining,
            wish=step.wish, changes=self._codes_of(CodeList.CHANGE, step.changes),
        )  # fmt: skip
        evaluate_plan(plan=self.latest_plan(told), data=data, actor=self.cast.actor(step.who), at=at)

    def _close(self, told: Told, step: s.Close) -> None:
        _, at = self._time(told, step.who, step.ago, 20)
        data = ClosingData(
            kind=step.kind, reason=self._codes[CodeList.CLOSING_REASON, step.reason], note=step.note,
            follow_up_on=self._in_days(step.follow_in), no_follow_up_reason=step.no_follow_up, every=step.every,
            follow_up_way=step.way, turns=step.turns, follow_up_agency=self.cast.agency(step.to) if step.to else None,
            ask=step.ask,
        )  # fmt: skip
        close_case(case=told.open_case, data=data, actor=self.cast.actor(step.who), at=at)

    def _follow_up(self, told: Told, step: s.FollowUpDone) -> None:
        start, at = self._time(told, step.who, step.ago, step.minutes)
        row = FollowUp.objects.waiting().get(case=told.open_case)
        tried = Tried(started_at=start, minutes=step.minutes, way=step.way, request_key=self._key(told))
        record_follow_up(
            follow_up=row, result=step.result, note=step.note, next_on=self._in_days(step.next_in), stop_reason="",
            actor=self.cast.actor(step.who), at=at, tried=tried,
        )  # fmt: skip

    def _reopen(self, told: Told, step: s.Reopen) -> None:
        _, at = self._time(told, step.who, step.ago)
        reopen_case(case=told.open_case, actor=self.cast.actor(step.who), at=at, reason=step.reason)
