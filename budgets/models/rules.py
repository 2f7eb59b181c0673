"""区分の表: the decision table of a fiscal year, dated and versioned; a version is never changed, a new one follows.
A change that would be asked of very many entries is tried by a worker first (区分の表の試算)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models import Appointment, Staff
from accounts.roles import Permission
from budgets.workflow import AT_WORK, TrialState

if TYPE_CHECKING:
    from accounts.actor import Actor


class AttributionTableQuerySet(models.QuerySet["AttributionTable"]):
    def visible_to(self, actor: Actor) -> AttributionTableQuerySet:
        """The rules are open to all whose minutes they decide: they hold no personal data."""
        return self.all()

    def on(self, day: date) -> AttributionTableQuerySet:
        """The version that decides on ``day`` comes first: the latest that had begun, then the latest saved."""
        return self.filter(valid_from__lte=day).order_by("-valid_from", "-version")


@pghistory.track()
class AttributionTable(models.Model):
    """区分の表: lines and examples as data (budgets.attribution reads them)."""

    fiscal_year = models.PositiveSmallIntegerField("年度")
    version = models.PositiveSmallIntegerField("版")
    valid_from = models.DateField("適用の初日")
    lines = models.JSONField("行")
    examples = models.JSONField("例")
    note = models.CharField("変更の理由", max_length=200)
    saved_at = models.DateTimeField("保存日時")
    saved_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="保存した職員"
    )

    objects = AttributionTableQuerySet.as_manager()

    class Meta:
        verbose_name = "区分の表"
        constraints = [
            models.UniqueConstraint(fields=["fiscal_year", "version"], name="attribution_version_once")
        ]
        triggers = [
            pgtrigger.Protect(name="version_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year}年度 第{self.version}版"


class RuleTrialQuerySet(models.QuerySet["RuleTrial"]):
    def visible_to(self, actor: Actor) -> RuleTrialQuerySet:
        """Whoever may change the table, and only what they tried themselves."""
        if not actor.has(Permission.COST_EDIT):
            return self.none()
        return self.filter(asked_by=actor.staff_id)

    def at_work(self) -> RuleTrialQuerySet:
        """Something is left for a worker."""
        return self.filter(state__in=AT_WORK)

    def unfinished(self) -> RuleTrialQuerySet:
        """At work, or waiting to be saved."""
        return self.filter(state__in=(*AT_WORK, TrialState.WEIGHED))


@pghistory.track(exclude=["done", "beat_at", "moves"])
class RuleTrial(models.Model):
    """区分の表の試算: a typed table, what it would move, and its saving. ``done`` of ``whole`` stretches of days are asked.

    While it is saved, ``done`` of ``whole`` are the entries that are moved.
    ``moves``: what the page shows (budgets.rule_tables.MoveLine); ``moved``: entries, None while it is not known.
    """

    asked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="頼んだ職員")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, related_name="+", verbose_name="頼んだ職員の辞令"
    )
    asked_at = models.DateTimeField("頼んだ日時")
    valid_from = models.DateField("適用の初日")
    lines = models.JSONField("行")
    examples = models.JSONField("例")
    note = models.CharField("変更の理由", max_length=200)
    state = models.CharField("状態", max_length=10, choices=TrialState, default=TrialState.WEIGHING)
    whole = models.PositiveIntegerField("全体", default=0)
    done = models.PositiveIntegerField("済み", default=0)
    starts = models.PositiveSmallIntegerField("始めた回数", default=0)
    beat_at = models.DateTimeField("最後に動いた日時", null=True, blank=True)
    moves = models.JSONField("動く業務実績", default=list)
    moved = models.PositiveIntegerField("動く件数", null=True, blank=True)
    failure = models.CharField("できなかった理由", max_length=200, blank=True)
    saved_table = models.ForeignKey(
        AttributionTable, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="保存した表"
    )  # fmt: skip

    objects = RuleTrialQuerySet.as_manager()

    class Meta:
        verbose_name = "区分の表の試算"
        constraints = [
            models.CheckConstraint(
                name="rule_trial_saved_iff_table",
                condition=Q(state=TrialState.SAVED) ^ Q(saved_table__isnull=True),
            ),
            models.UniqueConstraint(
                name="rule_trial_one_at_work", fields=["asked_by"], condition=Q(state__in=list(AT_WORK))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.valid_from} {self.get_state_display()}"
