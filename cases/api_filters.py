"""Filters of casework in the API: those that the pages have."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django_filters.rest_framework import (
    BooleanFilter,
    CharFilter,
    ChoiceFilter,
    DateFilter,
    FilterSet,
    NumberFilter,
)

from accounts.actor import Actor
from accounts.enums import Sector
from cases.models import Case, Consultation, FollowUp, Outreach, SilentRisk, WatchCycle
from cases.selectors.case_page import of_whom
from cases.selectors.intake import day_start
from cases.selectors.worries import own
from households.contact import shield_for


class _Filters(FilterSet):
    @property
    def actor(self) -> Actor:
        found: Actor = self.request._request.actor
        return found


class CaseFilter(_Filters):
    """``whose``: led by the reader (mine) or their agency (lead), or their agency takes part (partner)."""

    sector = ChoiceFilter(choices=Sector.choices, method="by_sector", label="分野")
    household = NumberFilter(field_name="household_id", label="世帯の id")
    whose = ChoiceFilter(
        choices=[("mine", "自分が主担当"), ("lead", "自機関が主担当"), ("partner", "自機関が参加")],
        method="by_whose", label="だれの",
    )  # fmt: skip
    silent_days = NumberFilter(
        method="by_silence", label="この日数より長く対応がない", min_value=1, max_value=3660
    )

    def by_sector(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(sectors__contains=[value])

    def by_whose(self, rows: Any, name: str, value: str) -> Any:
        return of_whom(rows, self.actor, value)

    def by_silence(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(last_contact_at__lt=timezone.now() - timedelta(days=int(value)))

    class Meta:
        model = Case
        fields = ("state", "lead_agency__code", "consent")


class RiskFilter(_Filters):
    """``whose``: what the reader (own) or their agency owns; ``put_off``: what is put off beyond today, or the rest."""

    whose = ChoiceFilter(
        choices=[("own", "自分の担当"), ("agency", "自機関の担当")], method="by_whose", label="だれの"
    )
    agency = CharFilter(method="by_agency", label="担当機関のコード")
    sector = ChoiceFilter(choices=Sector.choices, method="by_sector", label="分野")
    case = CharFilter(field_name="case__number", label="ケース番号")
    put_off = BooleanFilter(method="by_put_off", label="先送り中")

    def by_whose(self, rows: Any, name: str, value: str) -> Any:
        return (
            rows.filter(own(self.actor)) if value == "own" else rows.filter(owner_agency=self.actor.agency_id)
        )

    def by_agency(self, rows: Any, name: str, value: str) -> Any:
        """Which desk owns it would tell where a protected household lives."""
        rows = rows.filter(owner_agency__code=value)
        if self.actor.agency is not None and value == self.actor.agency.code:
            return rows
        return rows.exclude(case__household__in=shield_for(self.actor).households)

    def by_sector(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(case__sectors__contains=[value])

    def by_put_off(self, rows: Any, name: str, value: bool) -> Any:
        today = timezone.localdate()
        return rows.filter(put_off_until__gt=today) if value else rows.waiting(today)

    class Meta:
        model = SilentRisk
        fields = ("kind", "urgency")


class ConsultationFilter(_Filters):
    """``since`` and ``until``: days, both included; ``mine``: received by the reader."""

    since = DateFilter(method="by_since", label="いつから")
    until = DateFilter(method="by_until", label="いつまで")
    mine = BooleanFilter(method="by_mine", label="自分が受けたもの")

    def by_since(self, rows: Any, name: str, value: date) -> Any:
        return rows.filter(started_at__gte=day_start(value))

    def by_until(self, rows: Any, name: str, value: date) -> Any:
        return rows.filter(started_at__lt=day_start(value) + timedelta(days=1))

    def by_mine(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(staff=self.actor.staff_id) if value else rows.exclude(staff=self.actor.staff_id)

    class Meta:
        model = Consultation
        fields = ("way", "outcome")


class FollowUpFilter(_Filters):
    """``waiting``: what is still to be done (neither done nor dropped), or all the rest; days of the turn from and to."""

    waiting = BooleanFilter(method="by_waiting", label="まだこれから（済み・取りやめを除く）")

    def by_waiting(self, rows: Any, name: str, value: bool) -> Any:
        return rows.waiting() if value else rows.exclude(done_at=None, dropped_at=None)

    class Meta:
        model = FollowUp
        fields = {"result": ["exact"], "due_on": ["exact", "gte", "lte"]}


class OutreachFilter(_Filters):
    """``mine``: where the reader goes, or goes along."""

    mine = BooleanFilter(method="by_mine", label="自分が関わる（担当者・伴走者）")

    def by_mine(self, rows: Any, name: str, value: bool) -> Any:
        mine = Q(staff=self.actor.staff_id) | Q(companion=self.actor.staff_id)
        return rows.filter(mine) if value else rows.exclude(mine)

    class Meta:
        model = Outreach
        fields = ("state", "closeness")


class WatchFilter(_Filters):
    """Cycles of one case, those that run or have ended, by their rhythm; ``mine``: those whose turn the reader holds."""

    case = CharFilter(field_name="case__number", label="ケース番号")
    mine = BooleanFilter(method="by_mine", label="自分が見る")

    def by_mine(self, rows: Any, name: str, value: bool) -> Any:
        own = self.actor.staff_id
        return rows.filter(staff=own) if value else rows.exclude(staff=own)

    class Meta:
        model = WatchCycle
        fields = ("state", "every")
