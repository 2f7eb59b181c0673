"""ケース: support of one household, with exactly one lead; its partners and grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.enums import ConsentState, Sector
from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.enums import Judgement
from cases.models.codes import Code
from cases.workflow import CaseState
from common.models import Versioned
from households.models import AccessGrant, Household, Person, denied_households, follows_merge
from households.models.grants import ground_of, indexes_of_grants

if TYPE_CHECKING:
    from accounts.actor import Actor

VIEW_CASE = "view_case"


def not_denied(actor: Actor, path: str) -> Q:
    """The deny list as a condition on the case id at ``path``: it beats every grant and every role."""
    denied = Case.objects.filter(household_id__in=denied_households(actor)).values("pk")
    return ~Q(**{f"{path}__in": denied})


def sees_case(actor: Actor, path: str, *, few: bool = False) -> Q:
    """The one definition of who sees a case, as a condition on the id at ``path``: the actor's groups hold a grant
    on it that has not ended, and its deny list does not name the actor. One subquery for the grants, so that rows
    below a case (notes, referrals, …) do not nest it twice; the deny list is read once per query.

    ``few``: the caller stops after a few of many rows (see ``EachExists``): the first rows of a list of which the reader sees a good part.
    """
    return _granted(actor, path, few=few) & not_denied(actor, path)


def case_scope(actor: Actor) -> Q:
    """``sees_case`` for the cases themselves: their household is at hand, so that the deny list needs no way to it."""
    return _granted(actor, "pk") & ~Q(household_id__in=denied_households(actor))


class EachExists(Exists):
    """``Exists`` that is asked row by row. For a condition in an OR, PostgreSQL otherwise reads beforehand all that the
    subquery may find, 50,000 grants of a director's office, even where a LIMIT ends the query after a hundred rows.
    """

    template = "EXISTS(%(subquery)s OFFSET 0)"


def _granted(actor: Actor, path: str, *, few: bool = False) -> Q:
    if not actor.has(Permission.CASE_VIEW):
        return Q(pk__in=[])
    granted = CaseGrant.objects.filter(content_object=OuterRef(path), group__in=actor.group_ids).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=Now())
    )
    return Q(EachExists(granted) if few else Exists(granted))


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, actor: Actor) -> CaseQuerySet:
        """The groups that hold a grant on the case that has not ended, but nobody on its deny list (``sees_case``)."""
        return self.filter(case_scope(actor))

    def with_access_ground(self, actor: Actor) -> CaseQuerySet:
        """Adds ``access_ground``: why the actor may see it, for the access log."""
        return self.annotate(access_ground=ground_of(CaseGrant.objects.all(), actor, "pk"))

    def open(self) -> CaseQuerySet:
        return self.filter(state=CaseState.OPEN)


@pghistory.track()
class Case(Versioned):
    """Support of a household from opening to closing (and again after reopening).

    Invariant 2: while open it has one lead agency and one named lead worker (both NOT NULL); a household has at
    most one open case; an agency barred from leading is refused by a trigger; a closed case has a follow-up date
    or a recorded reason for none.
    """

    number = models.CharField("ケース番号", max_length=20, unique=True)
    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="cases", verbose_name="世帯"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="cases", verbose_name="本人"
    )
    state = models.CharField("状態", max_length=20, choices=CaseState, default=CaseState.OPEN)
    lead_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="led_cases", verbose_name="主担当機関"
    )
    lead_staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="led_cases", verbose_name="主担当者"
    )
    lead_since = models.DateTimeField("主担当になった日時")
    sectors = ArrayField(
        models.CharField(max_length=20, choices=Sector), verbose_name="分野", default=list, blank=True
    )
    consent = models.CharField("同意", max_length=20, choices=ConsentState, default=ConsentState.UNKNOWN)
    consent_on = models.DateField("同意を確認した日", null=True, blank=True)
    opened_at = models.DateTimeField("受理日時")
    last_contact_at = models.DateTimeField("最後の対応", null=True, blank=True)
    next_on = models.DateField("次の予定日", null=True, blank=True)
    next_text = models.CharField("次の予定", max_length=200, blank=True)
    closed_at = models.DateTimeField("終結日時", null=True, blank=True)
    closed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="終結した職員"
    )
    closing_kind = models.CharField("判定", max_length=20, choices=Judgement, blank=True)
    closing_reason = models.ForeignKey(
        Code, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="終結理由"
    )
    closing_note = models.TextField("終結の評価・本人の希望", blank=True)
    no_follow_up_reason = models.CharField("フォローをしない理由", max_length=200, blank=True)
    follow_up_on = models.DateField("フォロー予定日", null=True, blank=True)
    reopened_count = models.PositiveSmallIntegerField("再相談の回数", default=0)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "ケース"
        constraints = [
            models.UniqueConstraint(
                fields=["household"], condition=Q(state=CaseState.OPEN), name="one_open_case_per_household"
            ),
            models.CheckConstraint(
                name="case_closed_pair",
                condition=(
                    Q(state=CaseState.OPEN, closed_at__isnull=True, closed_by__isnull=True)
                    | Q(
                        state=CaseState.CLOSED,
                        closed_at__isnull=False,
                        closed_by__isnull=False,
                        closing_reason__isnull=False,
                    )
                ),
            ),
            models.CheckConstraint(
                name="closed_case_is_followed_up",
                condition=Q(state=CaseState.OPEN)
                | Q(follow_up_on__isnull=False)
                | ~Q(no_follow_up_reason=""),
                violation_error_message="フォローの予定日か、しない理由を入れてください。",
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="case_recent"),
            models.Index(fields=["lead_agency", "state", "-opened_at"], name="case_lead"),
            models.Index(fields=["lead_staff", "state"], name="case_lead_staff"),
            GinIndex(fields=["sectors"], name="case_sectors"),
        ]
        triggers = [
            follows_merge("person"),
            pgtrigger.Trigger(
                name="lead_may_lead",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("lead_agency_id"),  # type: ignore[no-untyped-call]
                func=(
                    "IF NOT (SELECT may_lead FROM accounts_agency WHERE id = NEW.lead_agency_id) THEN "
                    "RAISE EXCEPTION 'agency % may not lead a case', NEW.lead_agency_id; END IF; "
                    # a coordinating agency that the setting in force bars (坂井市 現在) takes no case; what it led before stays
                    "IF TG_OP = 'INSERT' OR NEW.lead_agency_id <> OLD.lead_agency_id THEN "
                    "IF EXISTS (SELECT 1 FROM (SELECT center_id, coordinator_may_lead FROM cases_coordinationsetting "
                    "WHERE withdrawn_at IS NULL AND starts_on <= (now() AT TIME ZONE 'Asia/Tokyo')::date "
                    "ORDER BY starts_on DESC LIMIT 1) s WHERE s.center_id = NEW.lead_agency_id "
                    "AND NOT s.coordinator_may_lead) THEN "
                    "RAISE EXCEPTION 'agency % only coordinates', NEW.lead_agency_id; END IF; END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def pseudonym(self) -> str:
        """What minutes and money pages show: the number, never a name."""
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state == CaseState.OPEN


@pghistory.track()
class CaseGrant(AccessGrant):
    """Who may see a case."""

    content_object = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="grants", db_index=False)

    class Meta(AccessGrant.Meta):
        abstract = False
        verbose_name = "ケースの閲覧権"
        constraints = [
            models.UniqueConstraint(
                fields=["content_object", "group", "permission", "ground", "basis_type", "basis_id"],
                condition=Q(ends_at__isnull=True),
                name="case_grant_once",
            )
        ]
        indexes = indexes_of_grants("case")


class PartnerQuerySet(models.QuerySet["CasePartner"]):
    def visible_to(self, actor: Actor) -> PartnerQuerySet:
        return self.filter(sees_case(actor, "case_id"))


@pghistory.track()
class CasePartner(models.Model):
    """協働機関: an agency that works on the case beside the lead."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="partners", verbose_name="ケース")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="担当者"
    )
    role_note = models.CharField("役割", max_length=200, blank=True)
    reads_until = models.DateField("記録を見られる最後の日", null=True, blank=True)
    since = models.DateTimeField("参加日時")
    ended_at = models.DateTimeField("終了日時", null=True, blank=True)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = "協働機関"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "agency"], condition=Q(ended_at__isnull=True), name="partner_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.agency}"
