"""業務実績: stretches of a worker's time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Func, Q

from accounts.models import Agency, Int8Range, Staff
from accounts.roles import Permission
from budgets.enums import SourceType
from budgets.models.stream import WorkCategory
from cases.models import Case
from households.models import denied_households

if TYPE_CHECKING:
    from accounts.actor import Actor

MONTH_GATE = 7001  # first key of the advisory locks of months


def month_gate(day: str) -> str:
    """SQL: hold the month of ``day`` open until this transaction ends, then refuse if it is locked.

    The shared advisory lock makes a locking clerk wait for entries under way (budgets.actions.month_gate takes it
    exclusively), so no entry can slip into a month between its computation and its lock.
    """
    return f"""
        PERFORM pg_advisory_xact_lock_shared(
            {MONTH_GATE}, (EXTRACT(YEAR FROM {day}) * 12 + EXTRACT(MONTH FROM {day}))::int);
        IF EXISTS (SELECT 1 FROM budgets_workmonth m WHERE m.state IN ('locked', 'reported') AND m.month =
                   date_trunc('month', {day})::date) THEN
            RAISE EXCEPTION 'work month is locked' USING ERRCODE = 'KY001';
        END IF;"""  # noqa: S608


_OLD_DAY, _NEW_DAY = (f"lower({row}.during) AT TIME ZONE 'Asia/Tokyo'" for row in ("OLD", "NEW"))
_MONTH_IS_LOCKED = f"""
    IF TG_OP IN ('UPDATE', 'DELETE') THEN {month_gate(_OLD_DAY)}
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN {month_gate(_NEW_DAY)}
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


class WorkEntryQuerySet(models.QuerySet["WorkEntry"]):
    def visible_to(self, actor: Actor) -> WorkEntryQuerySet:
        """One's own; an agency manager those of the agency; finance and audit all (minutes, never case text)."""
        if actor.has(Permission.APPORTION_VIEW):
            return self.all()
        if actor.has(Permission.WORK_VIEW_AGENCY):
            return self.filter(Q(staff=actor.staff_id) | Q(agency=actor.agency_id))
        if actor.has(Permission.WORK_RECORD):
            return self.filter(staff=actor.staff_id)
        return self.none()

    def with_shown_number(self, actor: Actor) -> WorkEntryQuerySet:
        """Adds ``shown_number``: the case number, but nothing of a case on whose deny list the reader stands."""
        denied = Case.objects.filter(household_id__in=denied_households(actor)).values("number")
        return self.annotate(
            shown_number=models.Case(
                models.When(case_number__in=denied, then=models.Value("")), default=models.F("case_number")
            )
        )

    def of_month(self, month: date) -> WorkEntryQuerySet:
        """Entries whose day lies in the month that begins with ``month``."""
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return self.filter(worked_on__gte=month, worked_on__lt=following)


@pghistory.track(exclude=["minutes", "worked_on"])
class WorkEntry(models.Model):
    """One stretch of one worker's time, half-open. No two of one worker overlap (invariant 4).

    ``source_type`` other than MANUAL: derived from the record ``source_id`` and following its corrections while
    the month is open (invariant 3). In a locked month nothing moves (invariant 8): a trigger refuses it.
    """

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="work_entries", verbose_name="職員"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    category = models.ForeignKey(
        WorkCategory, on_delete=models.PROTECT, related_name="+", verbose_name="業務区分"
    )
    during = DateTimeRangeField("時間帯")
    minutes = models.GeneratedField(
        expression=Func(
            "during",
            template="(EXTRACT(EPOCH FROM upper(%(expressions)s) - lower(%(expressions)s)) / 60)::int",
        ),
        output_field=models.IntegerField("分"),
        db_persist=True,
    )
    worked_on = models.GeneratedField(
        expression=Func("during", template="((lower(%(expressions)s) AT TIME ZONE 'Asia/Tokyo')::date)"),
        output_field=models.DateField("日"),
        db_persist=True,
    )
    source_type = models.CharField("由来", max_length=20, choices=SourceType, default=SourceType.MANUAL)
    source_id = models.BigIntegerField("由来の記録", null=True, blank=True)
    case_number = models.CharField("ケース番号", max_length=20, blank=True)
    reason = models.CharField("区分の理由", max_length=200, blank=True)
    note = models.CharField("内容", max_length=100, blank=True)
    # what 区分の表 had decided, where the worker corrected it with a reason
    derived_category = models.ForeignKey(
        WorkCategory, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="表による区分"
    )  # fmt: skip
    correction = models.CharField("区分を直した理由", max_length=200, blank=True)
    corrected_at = models.DateTimeField("区分を直した日時", null=True, blank=True)

    objects = WorkEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "業務実績"
        constraints = [
            ExclusionConstraint(
                name="work_entry_no_overlap",
                expressions=[
                    (Int8Range("staff_id"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message="同じ時間帯に別の業務実績があります。",
            ),
            models.CheckConstraint(
                name="work_entry_bounded",
                condition=Q(
                    during__startswith__isnull=False, during__endswith__isnull=False, during__isempty=False
                ),
            ),
            models.CheckConstraint(
                name="work_entry_source_pair",
                condition=Q(source_type=SourceType.MANUAL, source_id__isnull=True)
                | (~Q(source_type=SourceType.MANUAL) & Q(source_id__isnull=False)),
            ),
            models.CheckConstraint(
                name="work_entry_corrected",
                condition=Q(derived_category__isnull=True, correction="", corrected_at__isnull=True)
                | (Q(derived_category__isnull=False, corrected_at__isnull=False) & ~Q(correction="")),
            ),
            models.UniqueConstraint(
                fields=["source_type", "source_id", "staff"],
                condition=~Q(source_type=SourceType.MANUAL),
                name="work_entry_source_once",
            ),
        ]
        indexes = [
            models.Index(fields=["staff", "worked_on"], name="work_entry_staff_day"),
            models.Index(fields=["worked_on", "staff", "category"], name="work_entry_month"),
            models.Index(
                fields=["worked_on"], condition=~Q(source_type="manual"), name="work_entry_derived_day"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="locked_month",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_MONTH_IS_LOCKED,
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.worked_on} {self.minutes}分"

    @property
    def is_corrected(self) -> bool:
        return self.derived_category_id is not None

    @property
    def is_derived(self) -> bool:
        return self.source_type != SourceType.MANUAL
