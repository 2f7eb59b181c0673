"""見守りサイクル: after closing somebody looks again, turn by turn, until the end that was agreed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

import pghistory
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.enums import Every, FollowUpResult, WatchEnd, WatchWay
from cases.models.case import Case, CaseGrant, not_denied, sees_case
from cases.workflow import TurnState, WatchState
from common.japan.fiscal import months_later
from common.models import Versioned
from households.models.grants import ground_of

if TYPE_CHECKING:
    from accounts.actor import Actor


class WatchCycleQuerySet(models.QuerySet["WatchCycle"]):
    def visible_to(self, actor: Actor) -> WatchCycleQuerySet:
        return self.filter(sees_case(actor, "case_id"))

    def running(self) -> WatchCycleQuerySet:
        return self.filter(state=WatchState.RUNNING)


@pghistory.track()
class WatchCycle(Versioned):
    """見守りサイクル: how often, how, by whom and until when somebody looks again, and what a missed contact leads to.

    While it runs, exactly one of its turns waits; a case has at most one running cycle.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="watch_cycles", verbose_name="ケース"
    )
    state = models.CharField("状態", max_length=20, choices=WatchState, default=WatchState.RUNNING)
    every = models.CharField("間隔", max_length=10, choices=Every, default=Every.ONCE)
    every_days = models.PositiveSmallIntegerField("間隔（日）", null=True, blank=True)
    first_on = models.DateField("はじめの予定日")
    until_on = models.DateField("いつまで", null=True, blank=True)
    turns = models.PositiveSmallIntegerField("何回まで", null=True, blank=True)
    way = models.CharField("方法", max_length=20, choices=WatchWay, default=WatchWay.PHONE)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="担当機関")
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="担当者"
    )
    ask = models.CharField("見てほしいこと", max_length=300, blank=True)
    visit_after = models.PositiveSmallIntegerField("訪問に切り替える回数", default=2)
    tell_after = models.PositiveSmallIntegerField("所属長に知らせる回数", default=3)
    reopen_after = models.PositiveSmallIntegerField("再開を検討する回数", default=4)
    started_at = models.DateTimeField("開始日時")
    started_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="決めた職員"
    )
    ended_at = models.DateTimeField("終了日時", null=True, blank=True)
    ended_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="終えた職員"
    )
    end_reason = models.CharField("終えた理由", max_length=20, choices=WatchEnd, blank=True)
    end_note = models.CharField("終えた事情", max_length=300, blank=True)

    objects = WatchCycleQuerySet.as_manager()

    class Meta:
        verbose_name = "見守りサイクル"
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state=WatchState.RUNNING), name="one_running_watch"
            ),
            models.CheckConstraint(
                name="watch_ended_pair",
                condition=Q(
                    state=WatchState.RUNNING, ended_at__isnull=True, ended_by__isnull=True, end_reason=""
                )
                | (
                    Q(state=WatchState.ENDED, ended_at__isnull=False, ended_by__isnull=False)
                    & ~Q(end_reason="")
                ),
            ),
            models.CheckConstraint(
                name="watch_days",
                condition=Q(every=Every.DAYS, every_days__gte=1, every_days__lte=1100)
                | (~Q(every=Every.DAYS) & Q(every_days__isnull=True)),
            ),
            models.CheckConstraint(
                name="watch_missed_rule",
                condition=Q(visit_after__gte=1, visit_after__lte=F("tell_after"))
                & Q(tell_after__lte=F("reopen_after"), reopen_after__lte=20),
            ),
            models.CheckConstraint(
                name="watch_until",
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("first_on")),
            ),
        ]
        indexes = [models.Index(fields=["agency", "state"], name="watch_agency")]

    def __str__(self) -> str:
        return f"{self.case} {self.rhythm}"

    @property
    def rhythm(self) -> str:
        """「3か月ごと」「45日ごと」「1回だけ」."""
        return f"{self.every_days}日ごと" if self.every == Every.DAYS else self.get_every_display()

    @property
    def is_running(self) -> bool:
        return self.state == WatchState.RUNNING

    def after(self, day: date) -> date | None:
        """The first day of the rhythm after ``day``, before holidays are looked at; None where there is no rhythm.

        Counted from the first day, so that turns held late do not push the later ones.
        """
        if self.every == Every.ONCE:
            return None
        if self.every == Every.DAYS:
            step = self.every_days or 1
            if day < self.first_on:
                return self.first_on
            return self.first_on + timedelta(days=step * ((day - self.first_on).days // step + 1))
        step, n = int(self.every), 0
        while (nominal := months_later(self.first_on, n * step)) <= day:
            n += 1
        return nominal


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, actor: Actor) -> FollowUpQuerySet:
        """Whoever sees the case; and the agency that is asked sees its own turns, though not the case by that."""
        if not actor.has(Permission.CASE_VIEW) or actor.agency is None:
            return self.none()
        own = Q(agency=actor.agency_id) & not_denied(actor, "case_id")
        return self.filter(sees_case(actor, "case_id") | own)

    def with_access_ground(self, actor: Actor) -> FollowUpQuerySet:
        """Adds ``access_ground``: that of the case; none for an agency that is only asked."""
        return self.annotate(access_ground=ground_of(CaseGrant.objects.all(), actor, "case_id"))

    def waiting(self) -> FollowUpQuerySet:
        return self.filter(done_at__isnull=True, dropped_at__isnull=True)

    def done(self) -> FollowUpQuerySet:
        return self.filter(done_at__isnull=False)


@pghistory.track()
class FollowUp(models.Model):
    """終結後フォロー: one turn of a watch cycle, a date on which somebody looks again after closing."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="follow_ups", verbose_name="ケース")
    # null only in history older than the cycles: the constraint below asks every row for its cycle
    cycle = models.ForeignKey(
        WatchCycle,
        on_delete=models.PROTECT,
        null=True,
        related_name="follow_ups",
        verbose_name="見守りサイクル",
    )
    ordinal = models.PositiveSmallIntegerField("何回目", default=1)
    is_extra = models.BooleanField("臨時", default=False)
    due_on = models.DateField("予定日")
    try_on = models.DateField("次に試みる日", null=True, blank=True)
    way = models.CharField("方法", max_length=20, choices=WatchWay, default=WatchWay.PHONE)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="担当機関")
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="担当者"
    )
    done_at = models.DateTimeField("実施日時", null=True, blank=True)
    done_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="実施者"
    )
    result = models.CharField("結果", max_length=20, choices=FollowUpResult, blank=True)
    note = models.TextField("様子", blank=True)
    dropped_at = models.DateTimeField("取りやめ日時", null=True, blank=True)
    dropped_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取りやめた職員",
    )

    # what its writes change (common.tags)
    tag_fields: ClassVar = (
        "due_on",
        "try_on",
        "way",
        "agency_id",
        "staff_id",
        "done_at",
        "result",
        "dropped_at",
    )

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = "終結後フォロー"
        constraints = [
            models.CheckConstraint(name="turn_has_cycle", condition=Q(cycle__isnull=False)),
            models.CheckConstraint(
                name="follow_up_done_pair",
                condition=(
                    Q(done_at__isnull=True, done_by__isnull=True, result="")
                    | (Q(done_at__isnull=False, done_by__isnull=False) & ~Q(result=""))
                ),
            ),
            models.CheckConstraint(
                name="follow_up_dropped_pair",
                condition=Q(dropped_at__isnull=True, dropped_by__isnull=True)
                | Q(dropped_at__isnull=False, dropped_by__isnull=False, done_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(done_at__isnull=True, dropped_at__isnull=True),
                name="one_waiting_turn",
            ),
        ]
        indexes = [
            models.Index(
                fields=["agency", "due_on"],
                condition=Q(done_at__isnull=True, dropped_at__isnull=True),
                name="turn_waiting",
            ),
            models.Index(fields=["agency", "done_at"], condition=Q(done_at__isnull=False), name="turn_done"),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.due_on}"

    @property
    def turn_state(self) -> TurnState:
        if self.dropped_at is not None:
            return TurnState.DROPPED
        return TurnState.DONE if self.done_at is not None else TurnState.WAITING

    @property
    def is_waiting(self) -> bool:
        return self.turn_state == TurnState.WAITING

    @property
    def look_on(self) -> date:
        """The day on which somebody looks: that of the next try after a missed one, else the day planned."""
        return self.try_on or self.due_on


class WatchAttemptQuerySet(models.QuerySet["WatchAttempt"]):
    def visible_to(self, actor: Actor) -> WatchAttemptQuerySet:
        """Whoever sees the case; and the agency that made it."""
        if not actor.has(Permission.CASE_VIEW) or actor.agency is None:
            return self.none()
        own = Q(agency=actor.agency_id) & not_denied(actor, "case_id")
        return self.filter(sees_case(actor, "case_id") | own)


@pghistory.track()
class WatchAttempt(models.Model):
    """見守りの試み: one contact tried in a turn, whether it reached the person or not. Its minutes are work."""

    follow_up = models.ForeignKey(
        FollowUp, on_delete=models.PROTECT, related_name="attempts", verbose_name="終結後フォロー"
    )
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", verbose_name="ケース")
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name="機関")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="対応者")
    started_at = models.DateTimeField("対応日時")
    minutes = models.PositiveSmallIntegerField("所要時間（分）", null=True, blank=True)
    way = models.CharField("方法", max_length=20, choices=WatchWay)
    has_reached = models.BooleanField("連絡がついた")
    note = models.TextField("様子", blank=True)
    written_at = models.DateTimeField("記録日時")

    objects = WatchAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = "見守りの試み"
        constraints = [
            models.CheckConstraint(
                name="watch_attempt_minutes",
                condition=Q(minutes__isnull=True) | Q(minutes__gte=1, minutes__lte=1440),
            )
        ]
        indexes = [models.Index(fields=["case", "-started_at", "-id"], name="watch_attempt_case")]

    def __str__(self) -> str:
        return f"{self.follow_up} {self.started_at:%Y-%m-%d}"

    @property
    def ends_at(self) -> datetime:
        return self.started_at + timedelta(minutes=self.minutes or 0)


class WatchChangeQuerySet(models.QuerySet["WatchChange"]):
    def visible_to(self, actor: Actor) -> WatchChangeQuerySet:
        return self.filter(cycle__in=WatchCycle.objects.visible_to(actor))


@pghistory.track()
class WatchChange(models.Model):
    """見守りの変更: what was agreed before and after, and why it was changed."""

    cycle = models.ForeignKey(
        WatchCycle, on_delete=models.PROTECT, related_name="changes", verbose_name="見守りサイクル"
    )
    changed_at = models.DateTimeField("変更日時")
    changed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="変更した職員"
    )
    before = models.CharField("変更前", max_length=600)
    after = models.CharField("変更後", max_length=600)
    reason = models.CharField("理由", max_length=300)

    objects = WatchChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "見守りの変更"
        indexes = [models.Index(fields=["cycle", "-changed_at"], name="watch_change_cycle")]

    def __str__(self) -> str:
        return f"{self.cycle} {self.changed_at:%Y-%m-%d}"
