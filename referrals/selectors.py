"""What is read of referrals: inbox, outbox, the director's view, and who has to act next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Case as CaseExpr
from django.db.models import Count, F, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency
from accounts.roles import Permission
from cases.actions.saved_forms import one, plain
from cases.coordination import Hears, coordinators, may_lead
from cases.models import Case, Draft
from cases.models.case import not_denied, sees_case
from cases.selectors.coordination import Directory, areas_of, as_post, directory_of, named_agencies
from cases.selectors.drafts import shown_title
from cases.workflow import CaseState
from common.japan.business_days import add_working_days
from households.contact import hidden_home
from households.models import without_search
from referrals.disclosure_rules import ground_stands, names_person
from referrals.models import Referral
from referrals.permissions import answers_open_to, can_withdraw
from referrals.workflow import REFERRAL_WAITING, STAGE_MEANING, ReferralEvent, ReferralState, Stage

CLOSING_TIME = time(17, 15)  # 開庁時間の終わり
DEADLINE_DAYS = 3  # 返事の期限（開庁日）の既定
CONFERENCE_DAYS = 10  # 会議に出されてから会議を開くまでの目安（開庁日）
OUTCOME_DAYS = 20  # 受けてから結果を知らせるまでの目安（開庁日）
DRAFT_KEY = "referral:"
LIST_LIMIT = 30
CLOSED_WORDS = "（お願いの内容は、共有の根拠がなくなったため見せられません）"


# ── Who acts next ───────────────────────────────────────────────────────────────────────────────────────────


def office_hours_deadline(at: datetime, days: int) -> datetime:
    """The end of office hours on the ``days``-th working day after ``at``."""
    day = add_working_days(timezone.localdate(at), days)
    return timezone.make_aware(datetime.combine(day, CLOSING_TIME))


def coordination_directory() -> Directory:
    """Who may coordinate, and the settings; one query."""
    return directory_of(Agency.objects.filter(named_agencies()))


def coordinating_offices(referral: Referral, directory: Directory | None = None) -> list[Agency]:
    """Who coordinates a referral by the model of the case's day: with a director per sector the office of the receiver's
    sector; else of the case's sectors, in their order; else the first there is. Those of the household's area before all
    others. A receiver that coordinates never stands over itself. Empty only in a municipality without anybody.
    """
    directory = directory or coordination_directory()
    case, receiver = referral.case, referral.to_agency
    setup = directory.setup_on(timezone.localdate(case.opened_at))
    offices = [a for a in directory.offices() if a.pk != receiver.pk]
    offices = [o for o in offices if o.covers(case.household.area)] or offices
    if setup.rule.hears is not Hears.SECTOR_OFFICES:
        areas = areas_of(case.household.area)
        for sectors in ((receiver.sector,) if receiver.sector else case.sectors, case.sectors):
            chosen = [pk for pk in coordinators(setup, sectors, areas) if pk != receiver.pk]
            if chosen:
                return directory.of(chosen)
    own = [o for o in offices if o.sector and o.sector == receiver.sector]
    of_case = [o for sector in case.sectors for o in offices if o.sector == sector]
    return own or of_case or offices[:1]


@dataclass(frozen=True, slots=True)
class NextStep:
    """Who has to act on a waiting referral, and by when."""

    who: str
    due_at: datetime


def next_step(referral: Referral, directory: Directory | None) -> NextStep | None:
    """None when it waits for nobody. Put to a conference, it waits for the office that has to call one."""
    if referral.state == ReferralState.SENT:
        late = f"・{referral.escalated_to.short_name}" if referral.escalated_to else ""
        return NextStep(f"{referral.to_agency.short_name}{late}", referral.deadline_at)
    if referral.owes_outcome and referral.answered_at:
        return NextStep(
            referral.to_agency.short_name, office_hours_deadline(referral.answered_at, OUTCOME_DAYS)
        )
    if referral.state == ReferralState.CONFERENCE and referral.answered_at:
        found = coordinating_offices(referral, directory)
        who = found[0].short_name if found else referral.case.lead_agency.short_name
        return NextStep(who, office_hours_deadline(referral.answered_at, CONFERENCE_DAYS))
    return None


# ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ReferralRow:
    """A referral as one reader may see it. ``whose`` is a name only if the reader may know it."""

    referral: Referral
    whose: str
    hours_left: int
    days: int
    sees_case: bool
    answers: tuple[ReferralEvent, ...]
    may_withdraw: bool
    next: NextStep | None
    purpose: str
    answered: int = 0
    sent: int = 0
    is_barred: bool = False  # may answer, but never as the lead

    @property
    def stage(self) -> Stage:
        return self.referral.stage

    @property
    def meaning(self) -> str:
        return STAGE_MEANING[self.stage]

    @property
    def hours(self) -> int | str:
        """Near the deadline hours are counted, further away only days ("": the page shows ``days``)."""
        return self.hours_left if abs(self.hours_left) < 72 else ""


def for_reading(queryset: QuerySet[Referral], actor: Actor) -> QuerySet[Referral]:
    """With all that a row shows, in one query; ``sees_case`` says whether the reader sees the whole case."""
    return queryset.select_related(
        "case__household__area", "case__person", "case__lead_agency", "from_agency", "to_agency", "escalated_to", "sent_by",
        "answered_by", "consent", "need",
    ).defer(*without_search("case__person"), "message").annotate(sees_case=sees_case(actor, "case_id"))  # fmt: skip


def for_rows(queryset: QuerySet[Referral], actor: Actor) -> QuerySet[Referral]:
    """For lists: the agencies come by ``as_rows`` instead of four joins, which PostgreSQL would plan anew every time."""
    return (
        queryset.select_related("case__household__area", "case__person", "consent", "sent_by", "answered_by")
        .defer(*without_search("case__person"), "message")
        .annotate(sees_case=sees_case(actor, "case_id"))
    )


def _directory_of(referrals: Sequence[Referral]) -> Directory:
    """Who coordinates, with the agencies of these referrals. One query for both."""
    pks = {r.from_agency_id for r in referrals} | {r.to_agency_id for r in referrals}
    pks |= {r.case.lead_agency_id for r in referrals}
    pks |= {r.escalated_to_id for r in referrals if r.escalated_to_id}
    return directory_of(Agency.objects.filter(Q(pk__in=pks) | named_agencies()))


def _give_agencies(referrals: Sequence[Referral], found: dict[int, Agency]) -> None:
    for r in referrals:
        r.from_agency, r.to_agency = found[r.from_agency_id], found[r.to_agency_id]
        r.case.lead_agency = found[r.case.lead_agency_id]
        r.escalated_to = found[r.escalated_to_id] if r.escalated_to_id else None


def for_queue(queryset: QuerySet[Referral], actor: Actor) -> QuerySet[Referral]:
    """With just what a row of the home page says: fewer joins and columns than ``for_reading``."""
    return (
        queryset.select_related(
            "case__household", "case__person", "from_agency", "to_agency", "escalated_to", "consent"
        )
        .only(
            "purpose", "deadline_at", "state", "seen_at", "escalated_at", "started_at", "finished_at", "answered_at", "sent_at", "parts", "ground", "consent__state",
            "consent__kinds", "consent__given_on", "consent__ends_on", "case__number", "case__household__name",
            "case__person__family_name", "case__person__given_name", "case__person__alias",
            "from_agency__short_name", "from_agency__kind", "to_agency__short_name", "to_agency__kind",
            "escalated_to__short_name",
        )
        .annotate(sees_case=sees_case(actor, "case_id"), hides=hidden_home(actor, "case__household_id"))
    )  # fmt: skip


def whose_case(referral: Referral, *, sees_case: bool) -> str:
    """The household for those who see the case, the person's name if it is shown on this ground, else neither."""
    if sees_case:
        return referral.case.household.name
    if referral.shows_record and names_person(referral, timezone.localdate()):
        return referral.case.person.display_name if referral.case.person else "氏名不明の方"
    return "氏名は見せられていません"


def asked_words(referral: Referral, actor: Actor, on: date, *, sees_case: bool) -> str:
    """What is asked: for its sender and for who sees the case; for others as long as the ground stands on which it was
    sent. ``referral`` comes with its consent.
    """
    if sees_case or referral.from_agency_id == actor.agency_id:
        return referral.purpose
    taken_back = referral.state == ReferralState.WITHDRAWN
    return CLOSED_WORDS if taken_back or not ground_stands(referral, on) else referral.purpose


def hours_left(referral: Referral, at: datetime) -> int:
    """Whole hours to the deadline, rounded towards it; negative when past."""
    left = int((referral.deadline_at - at) / timedelta(hours=1))
    return left if referral.deadline_at > at else min(-1, left)


def receiver_may_lead(referral: Referral, directory: Directory, at: datetime) -> bool:
    """Whether the receiver may take the lead today: neither the directory nor the coordination setting bars it."""
    return may_lead(directory.setup_on(timezone.localdate(at)), as_post(referral.to_agency))


def as_row(referral: Referral, actor: Actor, at: datetime, directory: Directory) -> ReferralRow:
    """``referral`` comes from ``for_reading``."""
    sees_case = bool(getattr(referral, "sees_case", False))
    leads = receiver_may_lead(referral, directory, at)
    answers = tuple(answers_open_to(actor, referral, may_lead=leads))
    return ReferralRow(
        referral=referral,
        whose=whose_case(referral, sees_case=sees_case),
        hours_left=hours_left(referral, at),
        days=(timezone.localdate(referral.deadline_at) - timezone.localdate(at)).days,
        sees_case=sees_case,
        answers=answers,
        is_barred=not leads and bool(answers) and referral.to_agency_id == actor.agency_id,
        may_withdraw=can_withdraw(actor, referral),
        next=next_step(referral, directory),
        purpose=asked_words(referral, actor, timezone.localdate(at), sees_case=sees_case),
        answered=getattr(referral, "case_answered", 0),
        sent=getattr(referral, "case_sent", 0),
    )


def as_rows(
    referrals: Sequence[Referral], actor: Actor, at: datetime, directory: Directory | None = None
) -> list[ReferralRow]:
    """Rows of referrals from ``for_rows``; one query for the agencies and settings of all, unless ``directory`` has all."""
    if not referrals:
        return []
    directory = directory or _directory_of(referrals)
    _give_agencies(referrals, directory.agencies)
    return [as_row(referral, actor, at, directory) for referral in referrals]


# ── Inbox, outbox, sector ───────────────────────────────────────────────────────────────────────────────────


def inbox(actor: Actor) -> QuerySet[Referral]:
    """What waits for an answer of the actor's agency; what it has put to a conference can still be taken."""
    # the receiving arm of the scope, without the other three; the deny list beats this one too
    mine = Referral.objects.filter(not_denied(actor, "case_id"), to_agency=actor.agency_id).waiting()
    if actor.agency_id is None or not actor.has(Permission.REFERRAL_VIEW):
        mine = mine.none()
    return for_rows(mine, actor)


def _of_case(actor: Actor, state: Q) -> Coalesce:
    """How many requests of the actor's agency that went out together are in ``state``; one sent alone counts itself."""
    together = Q(batch=OuterRef("batch")) | Q(pk=OuterRef("pk"))
    same = Referral.objects.filter(state, together, case=OuterRef("case_id"), from_agency=actor.agency_id)
    counted = same.order_by().values("case").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), Value(0))


def outbox(actor: Actor) -> QuerySet[Referral]:
    """What the actor's agency waits for; ``case_answered`` of ``case_sent`` requests that were sent together answered."""
    sent = ~Q(state=ReferralState.WITHDRAWN)
    mine = Referral.objects.visible_to(actor).waiting().filter(from_agency=actor.agency_id)
    return for_rows(mine, actor).annotate(
        case_sent=_of_case(actor, sent), case_answered=_of_case(actor, sent & ~Q(state=ReferralState.SENT))
    )


def owing_outcome(actor: Actor) -> QuerySet[Referral]:
    """Taken on, with no word yet of what came of it: those that the actor's agency sent, and those that it took."""
    ends = Q(from_agency=actor.agency_id) | Q(to_agency=actor.agency_id)
    open_case = Q(case__state=CaseState.OPEN)
    return for_rows(Referral.objects.visible_to(actor).owing_outcome().filter(ends, open_case), actor)


def send_drafts(actor: Actor) -> list[Draft]:
    """下書き: requests that the actor has begun and not sent, of cases that are still seen."""
    drafts = list(
        Draft.objects.visible_to(actor)
        .with_hides(actor)
        .filter(key__startswith=DRAFT_KEY)
        .order_by("-updated_at")[:LIST_LIMIT]
    )
    for draft in drafts:
        draft.title = shown_title(draft.key, draft.title, hides=getattr(draft, "hides", False))
    numbers = [draft.key.removeprefix(DRAFT_KEY) for draft in drafts]
    seen = set(
        Case.objects.visible_to(actor).open().filter(number__in=numbers).values_list("number", flat=True)
    )
    return [draft for draft in drafts if draft.key.removeprefix(DRAFT_KEY) in seen] if drafts else []


def asked_already(key: UUID, data: Mapping[str, list[str]], actor: Actor) -> bool:
    """Whether a request was sent under the key of a form, with the words of its draft."""
    sent = Referral.objects.visible_to(actor).filter(request_key=key, from_agency=actor.agency_id)
    return any(
        one(data, "purpose") in plain(purpose) and one(data, "message") in plain(message)
        for purpose, message in sent.values_list("purpose", "message")
    )


def risen(actor: Actor) -> QuerySet[Referral]:
    """For a director: what rose to the office past its deadline, and what was put to a conference in its cases."""
    return for_rows(
        Referral.objects.visible_to(actor).filter(
            Q(escalated_to=actor.agency_id, state__in=REFERRAL_WAITING) | Q(state=ReferralState.CONFERENCE)
        ),
        actor,
    )


def _sector_cases(actor: Actor) -> QuerySet[Case]:
    cases = Case.objects.visible_to(actor).open()
    return cases.filter(sectors__contains=[actor.sector]) if actor.sector else cases


def multi_sector_cases(actor: Actor) -> QuerySet[Case]:
    """For a director: open cases of two or more sectors, one of them the director's."""
    return _sector_cases(actor).filter(sectors__len__gte=2)


def silent_cases(actor: Actor, before: datetime | Func) -> QuerySet[Case]:
    """For a director: open cases of the sector without any contact since ``before``."""
    return _sector_cases(actor).filter(last_contact_at__lt=before)


def with_team(cases: QuerySet[Case]) -> QuerySet[Case]:
    """With household and lead, and ``waiting_referrals``: how many requests about the case wait."""
    waiting = Referral.objects.filter(case=OuterRef("pk"), state__in=REFERRAL_WAITING)
    counted = waiting.order_by().values("case").annotate(n=Count("pk")).values("n")
    return cases.select_related("household", "lead_agency", "lead_staff").annotate(
        waiting_referrals=Coalesce(Subquery(counted), Value(0))
    )


def case_referrals(case: Case, actor: Actor) -> QuerySet[Referral]:
    """All referrals of one visible case: the waiting first, then the newest."""
    first = CaseExpr(When(state__in=REFERRAL_WAITING, then=Value(0)), default=Value(1))
    return (
        for_rows(Referral.objects.visible_to(actor).filter(case=case), actor)
        .select_related("need")
        .annotate(rank=first)
        .order_by("rank", F("sent_at").desc(), "-pk")
    )


@dataclass(frozen=True, slots=True)
class Together:
    """Requests that went out at once: how many are answered, and each as far as the reader may know it."""

    answered: int
    sent: int
    rows: list[Referral]


def sent_together(referral: Referral, actor: Actor) -> Together | None:
    """For the sender and whoever sees the case; an agency that has not answered yet gets None (it answers for itself).

    An agency that was asked and has answered sees only its own row unless the case is open to it.
    """
    if referral.batch is None:
        return None
    if referral.to_agency_id == actor.agency_id and referral.state == ReferralState.SENT:
        return None
    found = Referral.objects.visible_to(actor).filter(batch=referral.batch)
    rows = list(found.exclude(state=ReferralState.WITHDRAWN).select_related("to_agency").order_by("pk"))
    if len(rows) < 2:
        return None
    return Together(sum(r.state != ReferralState.SENT for r in rows), len(rows), rows)
