"""会議, its agenda, its members, and the action items that its decisions become."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case as CaseExpr
from django.db.models import Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Now, TruncDate

from accounts.enums import ABUSE_LAWS, Ground, Sector
from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.models import Case, SupportPlan
from cases.models.case import not_denied, sees_case
from common.models import Versioned
from households.grounds import GROUND_RULES
from households.models import Consent, HouseholdDenial
from referrals.enums import (
    KIND_RULES,
    Attendance,
    Attends,
    ConferenceKind,
    Decides,
    KindRule,
    Urgency,
    kind_label,
)
from referrals.models.referral import Referral
from referrals.workflow import ConferenceState

if TYPE_CHECKING:
    from accounts.actor import Actor


EMERGENCY_LASTS = GROUND_RULES[Ground.EMERGENCY].lasts or timedelta(0)
SECRET_KINDS = tuple(kind.value for kind, rule in KIND_RULES.items() if rule.is_secret)


def named_before(staff_id: int | None) -> models.QuerySet[AgendaItem]:
    """Items of households whose deny list names a worker: before them the sitting bears the name of its kind and no
    place, for what was typed there may tell of the household.
    """
    denials = HouseholdDenial.objects.in_force().filter(staff=staff_id)
    denied = denials if staff_id is not None else denials.none()
    cases = Case.objects.filter(household_id__in=denied.values("household_id"))
    return AgendaItem.objects.filter(case__in=cases.values("pk")).order_by()


class ConferenceQuerySet(models.QuerySet["Conference"]):
    def visible_to(self, actor: Actor) -> ConferenceQuerySet:
        """The convening agency and the agencies invited; a sitting about nothing but households whose deny list names
        the actor does not exist for them. One that is about others too comes without its own name (``with_names``).
        """
        if not actor.has(Permission.CONFERENCE_VIEW):
            return self.none()
        items = AgendaItem.objects.filter(conference=OuterRef("pk"))
        return self.filter(
            Q(convener=actor.agency_id)
            | Exists(ConferenceMember.objects.filter(conference=OuterRef("pk"), agency=actor.agency_id)),
            ~Exists(items) | Exists(items.filter(not_denied(actor, "case_id"))),
        ).with_names(actor.staff_id)

    def with_names(self, staff_id: int | None) -> ConferenceQuerySet:
        """``shown_title`` and ``shown_place``: what a worker may read as name and place of each; ``keeps_back``: something
        of it is kept from the worker.
        """
        hidden = Exists(named_before(staff_id).filter(conference=OuterRef("pk")))
        return self.annotate(
            keeps_back=hidden,
            shown_title=CaseExpr(When(hidden, then=kind_in_words("")), default=F("title")),
            shown_place=CaseExpr(When(hidden, then=Value("")), default=F("place")),
        )


def kind_in_words(path: str) -> CaseExpr:
    """The local name of the kind in SQL, as ``Conference.get_kind_display`` has it; ``path`` leads to the conference."""
    local = ~Q(**{f"{path}kind_name": ""})
    kinds = [When(**{f"{path}kind": kind.value}, then=Value(kind_label(kind))) for kind in ConferenceKind]
    return CaseExpr(When(local, then=F(f"{path}kind_name")), *kinds, output_field=models.CharField())


@pghistory.track()
class Conference(Versioned):
    """One sitting. Its legal kind fixes the rules (enums.KIND_RULES), which the municipality may have narrowed: those of
    the day of convening stand here and never change. The legal ground stands on each agenda item.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    kind = models.CharField("会議の種類", max_length=20, choices=ConferenceKind)
    kind_code = models.SlugField("会議の種類の記号", max_length=40, blank=True)
    kind_name = models.CharField("会議の種類の呼び名", max_length=40, blank=True)
    kind_grounds = ArrayField(
        models.CharField(max_length=30, choices=Ground), verbose_name="使える根拠", null=True, blank=True
    )
    kind_decides = ArrayField(
        models.CharField(max_length=20, choices=Decides), verbose_name="決められること", null=True, blank=True
    )
    kind_attends = models.CharField("招ける機関", max_length=20, choices=Attends, blank=True)
    title = models.CharField("名称", max_length=120)
    sector = models.CharField("分野", max_length=20, choices=Sector, blank=True)
    convener = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="convened_conferences", verbose_name="招集した機関"
    )
    convened_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="招集者")
    starts_at = models.DateTimeField("開始日時")
    minutes = models.PositiveSmallIntegerField("予定時間（分）", default=60)
    place = models.CharField("場所", max_length=120, blank=True)
    state = models.CharField("状態", max_length=20, choices=ConferenceState, default=ConferenceState.PLANNED)
    started_at = models.DateTimeField("開会日時", null=True, blank=True)
    closed_at = models.DateTimeField("閉会日時", null=True, blank=True)
    papers_until = models.DateTimeField("資料を閉じる日時", null=True, blank=True)
    summary = models.TextField("議事の要旨", blank=True)

    objects = ConferenceQuerySet.as_manager()

    class Meta:
        verbose_name = "会議"
        constraints = [
            models.CheckConstraint(
                name="conference_minutes",
                condition=Q(minutes__gte=1, minutes__lte=1440),
                violation_error_message="時間は1分以上24時間以内で入力してください。",
            ),
        ]
        indexes = [models.Index(fields=["-starts_at", "-id"], name="conference_recent")]

    def __str__(self) -> str:
        return self.title

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    def get_kind_display(self) -> str:  # type: ignore[no-redef]
        """The local name of the kind, as it was when the conference was called."""
        return self.kind_name or kind_label(self.kind)

    def named_for(self, *staff_ids: int | None) -> tuple[str, str]:
        """Name and place as all of some workers may read them. One query."""
        denied = HouseholdDenial.objects.in_force().filter(
            staff__in=[pk for pk in staff_ids if pk is not None]
        )
        if self.agenda.filter(case__household_id__in=denied.values("household_id")).exists():
            return self.get_kind_display(), ""
        return self.title, self.place

    @property
    def rule(self) -> KindRule:
        """What the law or custom asks of this kind, as narrowed by the municipality when it was called."""
        law = KIND_RULES[ConferenceKind(self.kind)]
        if self.kind_grounds is None or self.kind_decides is None:
            return law
        return law.narrowed(grounds=self.kind_grounds, decides=self.kind_decides, attends=self.kind_attends)

    @property
    def is_secret(self) -> bool:
        return self.rule.is_secret


class MemberQuerySet(models.QuerySet["ConferenceMember"]):
    def visible_to(self, actor: Actor) -> MemberQuerySet:
        return self.filter(conference__in=Conference.objects.visible_to(actor))

    def opened_by(self, actor: Actor) -> MemberQuerySet:
        """Seats whose holder may have to do with the papers at all (domain.md 1.4).

        In a secret conference only the named attendee, and only after accepting the duty of secrecy.
        """
        return self.filter(agency=actor.agency_id).filter(
            ~Q(conference__kind__in=SECRET_KINDS) | Q(staff=actor.staff_id, secrecy_accepted_at__isnull=False)
        )


@pghistory.track()
class ConferenceMember(models.Model):
    """An agency invited to a conference, the person who comes, and their acceptance of secrecy."""

    conference = models.ForeignKey(
        Conference, on_delete=models.CASCADE, related_name="members", verbose_name="会議"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="出席者"
    )
    attendance = models.CharField("出欠", max_length=20, choices=Attendance, default=Attendance.INVITED)
    secrecy_accepted_at = models.DateTimeField("守秘の確認日時", null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = "会議の構成員"
        constraints = [models.UniqueConstraint(fields=["conference", "agency"], name="member_agency_once")]

    def __str__(self) -> str:
        return f"{self.conference} {self.agency}"


def _consent_names(actor: Actor) -> Q:
    """A consent in force of the case's person that names the actor's agency and covers what papers hold: everything."""
    rows = Consent.objects.in_force(TruncDate(Now())).covering_everything()
    rows = rows.filter(
        household=OuterRef("case__household_id"),
        person=OuterRef("case__person_id"),
        named__agency=actor.agency_id,
    )
    return Q(Exists(rows))


class AgendaQuerySet(models.QuerySet["AgendaItem"]):
    def visible_to(self, actor: Actor) -> AgendaQuerySet:
        """The papers. Of a conference that is not secret: for whoever sees the case anyway, and for the seats to which
        the item's ground opens it: those whom a standing consent names, or all where a law against abuse or (for
        14 days) an emergency is the ground. A seat alone opens nothing: without consent a case is shared in a 支援会議.

        Of a secret one (社会福祉法106条の6): for the attendees chosen for this item, each after accepting secrecy, and
        only while it sits; the convening agency's own attendee prepares it and keeps its minutes.
        """
        seats = ConferenceMember.objects.opened_by(actor)
        seated = Exists(seats.filter(conference=OuterRef("conference_id")))
        chosen = Exists(ItemAttendee.objects.filter(agenda_item=OuterRef("pk"), member__in=seats))
        secret = Q(conference__kind__in=SECRET_KINDS)
        convening = Q(conference__convener=actor.agency_id)
        sits = Q(conference__state=ConferenceState.RUNNING, conference__papers_until__gt=Now())
        lawful = (
            Q(ground__in=ABUSE_LAWS)
            | Q(ground=Ground.EMERGENCY, conference__starts_at__gt=Now() - EMERGENCY_LASTS)
            | (Q(ground=Ground.CONSENT) & _consent_names(actor))
        )
        at_table = (seated | convening) & (sees_case(actor, "case_id") | (seated & lawful))
        return self.filter(
            (~secret & at_table) | (secret & ((convening & seated) | (sits & chosen))),
            not_denied(actor, "case_id"),
            conference__in=Conference.objects.visible_to(actor),
        )


@pghistory.track()
class AgendaItem(Versioned):
    """議題: one case of one sitting, with its own legal ground."""

    is_issue = False  # one agenda holds cases and community issues

    conference = models.ForeignKey(
        Conference, on_delete=models.CASCADE, related_name="agenda", verbose_name="会議"
    )
    position = models.PositiveSmallIntegerField("順", default=0)
    minutes = models.PositiveSmallIntegerField("時間（分）", default=20)
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="agenda_items", verbose_name="ケース"
    )
    referral = models.ForeignKey(
        Referral,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="agenda_items",
        verbose_name="つなぎ",
    )
    plan = models.ForeignKey(
        SupportPlan, on_delete=models.PROTECT, null=True, blank=True, related_name="agenda_items",
        verbose_name="協議するプラン",
    )  # fmt: skip
    topic = models.CharField("協議すること", max_length=200)
    urgency = models.CharField("急ぎ", max_length=10, choices=Urgency, default=Urgency.USUAL)
    situation = models.TextField("把握している世帯像・取り組み", blank=True)
    request_text = models.TextField("他機関にお願いしたいこと", blank=True)
    ground = models.CharField("共有の根拠", max_length=30, choices=Ground)
    no_consent_reason = models.CharField("同意を得られない理由", max_length=300, blank=True)
    conclusion = models.TextField("結論", blank=True)
    plan_approved = models.BooleanField("プランを決定", default=False)
    is_undecided = models.BooleanField("次の会議へ持ち越す", default=False)
    carried_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="carried_to",
        verbose_name="持ち越した元の議題",
    )  # fmt: skip

    objects = AgendaQuerySet.as_manager()

    class Meta:
        verbose_name = "議題"
        constraints = [models.UniqueConstraint(fields=["conference", "case"], name="agenda_case_once")]

    def __str__(self) -> str:
        return self.topic

    @property
    def household_id(self) -> int:
        return self.case.household_id


@pghistory.track()
class ItemAttendee(models.Model):
    """議題の出席者: a seat chosen for one item; the others of the sitting do not hear it (ordinances' 「構成員を選定して招集」)."""

    agenda_item = models.ForeignKey(
        AgendaItem, on_delete=models.CASCADE, related_name="chosen", verbose_name="議題"
    )
    member = models.ForeignKey(
        ConferenceMember, on_delete=models.CASCADE, related_name="chosen_for", verbose_name="構成員"
    )

    class Meta:
        verbose_name = "議題の出席者"
        constraints = [models.UniqueConstraint(fields=["agenda_item", "member"], name="item_attendee_once")]

    def __str__(self) -> str:
        return f"{self.agenda_item} {self.member}"
