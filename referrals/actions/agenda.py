"""The agenda: which case, on which legal ground, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.actor import Actor
from accounts.enums import ConsentState, Ground
from audit.actions import record
from cases.models import Case, SupportPlan
from cases.workflow import PlanState
from common.errors import RuleViolation
from households.actions.protection import check_not_together
from households.models import HouseholdDenial, HouseholdMember
from referrals.actions.agenda_order import close_ranks, next_place, rows_of
from referrals.actions.lock_conference import check_papers_open, lock_managed
from referrals.enums import Urgency
from referrals.identity_words import is_named_in
from referrals.models import AgendaItem, Conference, ConferenceMember, ItemAttendee, Referral
from referrals.workflow import REFERRAL_WAITING, ConferenceState

DEFAULT_TOPIC = "支援の方向と役割分担"
WITHOUT_CONSENT = (Ground.ARTICLE_106_6, Ground.POVERTY_ARTICLE_9)
_BEFORE_AND_DURING = (ConferenceState.PLANNED, ConferenceState.RUNNING)
_REFUSED = (ConsentState.REFUSED, ConsentState.WITHDRAWN)
_WITH_SUPPORT_CONFERENCE = (
    "同意がないまま協議するときは、「支援会議」（社会福祉法106条の6）を開いて議題にしてください。"
)


@transaction.atomic
def add_item(
    *, conference: Conference, case: Case, actor: Actor, at: datetime, topic: str = "", minutes: int = 20,
    situation: str = "", request_text: str = "", ground: str = "", referral: Referral | None = None,
    plan: SupportPlan | None = None, no_consent_reason: str = "", attendees: Iterable[ConferenceMember] | None = None,
    urgency: str = Urgency.USUAL, carried_from: AgendaItem | None = None,
) -> AgendaItem:  # fmt: skip
    """Put one case on the agenda. Without ``ground`` the kind's own; an item sent twice is one item.

    ``attendees`` are the seats chosen for it (None: all that are invited now).

    Raises Case.DoesNotExist for a case that the actor does not see, RuleViolation where the kind of conference
    does not take it (domain.md 1.4: 重層的支援会議 presupposes consent, 支援会議 does not).
    """
    conference = lock_managed(conference, actor, *_BEFORE_AND_DURING)
    check_papers_open(conference, actor)
    case = Case.objects.visible_to(actor.by_office()).get(pk=case.pk)
    topic = topic.strip() or (referral.purpose if referral else DEFAULT_TOPIC)
    ground = ground or default_ground(conference, case)
    known = conference.agenda.filter(case=case).first()
    if known is not None:
        if (known.topic, known.ground) == (topic, ground):
            return known
        raise RuleViolation("このケースは、すでに議題に入っています。", field="case")
    check_case_allowed(conference, case, ground)
    _check_not_side_by_side(conference, case)
    urgency = urgency or Urgency.USUAL
    _check_words(topic, minutes, urgency)
    if not case.is_open:
        raise RuleViolation(
            f"{case.number}は終結しています。議題にするには、先にケースを再開してください。", field="case"
        )
    item = AgendaItem.objects.create(
        conference=conference, position=next_place(conference), minutes=minutes, case=case,
        referral=_own_referral(referral, case), plan=_own_plan(plan, case), topic=topic,
        situation=situation.strip(), request_text=request_text.strip(), ground=ground,
        no_consent_reason=no_consent_reason.strip(), urgency=urgency, carried_from=carried_from,
    )  # fmt: skip
    choose_attendees(item, conference, attendees)
    check_nobody_denied(conference)
    check_name_tells_nobody(conference, "case")
    record(
        actor=actor,
        action="conference.add_item",
        target=conference,
        at=at,
        case=case.pk,
        ground=ground,
        item=item.pk,
    )
    return item


def choose_attendees(
    item: AgendaItem, conference: Conference, attendees: Iterable[ConferenceMember] | None
) -> None:
    """The seats before which an item is heard; the convening agency's always."""
    seats = conference.members.all()
    if attendees is not None:
        seats = seats.filter(Q(pk__in=[seat.pk for seat in attendees]) | Q(agency=conference.convener_id))
    item.chosen.exclude(member__in=seats).delete()
    ItemAttendee.objects.bulk_create(
        [ItemAttendee(agenda_item=item, member=seat) for seat in seats.order_by("pk")], ignore_conflicts=True
    )


def _check_not_side_by_side(conference: Conference, case: Case) -> None:
    """A protected person and the one they are protected from are not discussed in one sitting (支援措置)."""
    today = HouseholdMember.objects.filter(during__endswith__isnull=True)
    others = conference.agenda.exclude(case=case).values("case__household_id")
    try:
        check_not_together(
            today.filter(household=case.household_id).values_list("person_id", flat=True),
            today.filter(household__in=others).values_list("person_id", flat=True),
        )
    except RuleViolation as violation:
        violation.field = "case"
        raise


def check_nobody_denied(conference: Conference) -> None:
    """Nobody sits before a household that may never be shown to them (閲覧させない職員). The words do not say why."""
    denials = HouseholdDenial.objects.filter(ended_at__isnull=True, staff=OuterRef("staff_id"))
    if conference.is_secret:
        denials = denials.filter(household__cases__agenda_items__chosen__member=OuterRef("pk"))
    else:
        denials = denials.filter(household__cases__agenda_items__conference=conference)
    seats = conference.members.filter(Exists(denials), staff__isnull=False).select_related("staff")
    first = seats.order_by("pk").first()
    if first is not None and first.staff is not None:
        raise RuleViolation(
            f"{first.staff.name}さんは、この会議の議題に出席できません。ほかの人を出席者にしてください。",
            field="staff",
        )


def check_name_tells_nobody(conference: Conference, field: str) -> None:
    """Name and place of a 支援会議 are read by the invited before they accept secrecy, and after it closed: they name
    nobody of its agenda.
    """
    if not conference.is_secret:
        return
    homes = conference.agenda.values_list("case__household_id", flat=True)
    for words, what in ((conference.title, "名称"), (conference.place, "場所")):
        if is_named_in(words, homes):
            raise RuleViolation(
                f"会議の{what}に、議題の世帯の人の名前が入っています。守秘の確認の前にも読まれるため、名前のない{what}にしてください。",
                field=field,
            )


def missing_reasons(conference: Conference) -> list[AgendaItem]:
    """Items heard without consent that do not say yet why it could not be had."""
    return list(
        conference.agenda.filter(ground__in=WITHOUT_CONSENT, no_consent_reason="")
        .exclude(case__consent=ConsentState.YES)
        .order_by("position", "pk")
    )


def default_ground(conference: Conference, case: Case) -> str:
    """Consent where it is there and the kind knows it, else the kind's own ground."""
    rule = conference.rule
    if case.consent == ConsentState.YES and Ground.CONSENT in rule.grounds:
        return Ground.CONSENT
    return rule.default_ground


def check_case_allowed(conference: Conference, case: Case, ground: str) -> None:
    """Consent and ground of one item against the rules of the kind."""
    rule, label = conference.rule, conference.get_kind_display()
    consent = ConsentState(case.consent)
    if not rule.takes_cases:
        raise RuleViolation(
            f"{label}では、個別のケースを議題にできません。地域課題を議題にしてください。", field="case"
        )
    if rule.needs_consent and consent is not ConsentState.YES:
        raise RuleViolation(
            f"{label}は本人の同意が前提です（{case.number}の同意は「{consent.label}」）。{_WITH_SUPPORT_CONFERENCE}",
            field="case",
        )
    if ground not in rule.grounds:
        allowed = "・".join(g.label for g in rule.grounds)
        raise RuleViolation(f"{label}で使える根拠は、{allowed}です。", field="ground")
    if ground == Ground.CONSENT and consent is not ConsentState.YES:
        raise RuleViolation(
            f"本人の同意は「{consent.label}」です。同意を根拠にするには、先にケースで同意を記録してください。"
            f"{_WITH_SUPPORT_CONFERENCE}",
            field="ground",
        )
    if ground == Ground.COORDINATION and consent in _REFUSED:
        raise RuleViolation(f"本人が共有を断っています。{_WITH_SUPPORT_CONFERENCE}", field="case")


def _check_words(topic: str, minutes: int, urgency: str) -> None:
    if urgency not in Urgency.values:
        raise RuleViolation("急ぎは、一覧にあるものから選んでください。", field="urgency")
    if not topic:
        raise RuleViolation("協議することを入力してください。", field="topic")
    if not 1 <= minutes <= 480:
        raise RuleViolation("時間は1分以上8時間以内で入力してください。", field="minutes")


def _own_referral(referral: Referral | None, case: Case) -> Referral | None:
    if referral is not None and (referral.case_id != case.pk or referral.state not in REFERRAL_WAITING):
        raise RuleViolation("このケースの、返事待ちのつなぎを選んでください。", field="referral")
    return referral


def _own_plan(plan: SupportPlan | None, case: Case) -> SupportPlan | None:
    if plan is not None and (plan.case_id != case.pk or plan.state != PlanState.DRAFT):
        raise RuleViolation("このケースのプラン案を選んでください。", field="plan")
    return plan


@transaction.atomic
def edit_item(
    *, item: AgendaItem, actor: Actor, at: datetime, topic: str, minutes: int, situation: str, request_text: str,
    ground: str, referral: Referral | None, plan: SupportPlan | None, no_consent_reason: str = "",
    attendees: Iterable[ConferenceMember] | None = None, urgency: str = "",
) -> AgendaItem:  # fmt: skip
    """Change what is discussed, on which ground and before whom; the case stays. ``attendees`` None leaves them."""
    conference = lock_managed(item.conference, actor, *_BEFORE_AND_DURING)
    check_papers_open(conference, actor)
    item = AgendaItem.objects.visible_to(actor).select_related("case").get(pk=item.pk, conference=conference)
    check_case_allowed(conference, item.case, ground)
    urgency = urgency or item.urgency
    _check_words(topic.strip(), minutes, urgency)
    changes: dict[str, Any] = {
        "topic": topic.strip(), "minutes": minutes, "urgency": urgency, "situation": situation.strip(),
        "request_text": request_text.strip(), "ground": ground, "no_consent_reason": no_consent_reason.strip(),
        "referral": referral if referral and referral.pk == item.referral_id else _own_referral(referral, item.case),
        "plan": plan if plan and plan.pk == item.plan_id else _own_plan(plan, item.case),
    }  # fmt: skip
    for name, value in changes.items():
        setattr(item, name, value)
    item.save(update_fields=list(changes))
    if attendees is not None:
        choose_attendees(item, conference, attendees)
        check_nobody_denied(conference)
    record(actor=actor, action="conference.edit_item", target=conference, at=at, item=item.pk, ground=ground)
    return item


@transaction.atomic
def remove_item(*, item: AgendaItem, actor: Actor, at: datetime) -> None:
    """Take a case off the agenda while the conference is planned."""
    conference = lock_managed(item.conference, actor, ConferenceState.PLANNED)
    item = AgendaItem.objects.visible_to(actor).get(pk=item.pk, conference=conference)
    record(
        actor=actor,
        action="conference.remove_item",
        target=conference,
        at=at,
        item=item.pk,
        case=item.case_id,
    )
    item.delete()
    close_ranks(rows_of(conference))
