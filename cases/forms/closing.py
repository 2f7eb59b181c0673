"""Forms of closing, of the watch cycle and its turns, and of reopening."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.models import Agency, Staff
from cases.actions.closing import ClosingData
from cases.actions.follow_up import Tried
from cases.actions.watch import CycleData
from cases.enums import CodeList, Every, FollowUpResult, Judgement, WatchWay
from cases.models import Case, Code, WatchCycle
from cases.selectors.watch import partner_agencies
from common.forms import (
    KyoseiForm,
    MinutesField,
    RequestKeyField,
    VersionField,
    WarekiDateField,
    WarekiDateTimeField,
)
from common.japan.business_days import add_working_days
from common.japan.fiscal import months_later

NONE = "none"
KEPT = "いまの担当者のまま"
USUAL = {"visit_after": 2, "tell_after": 3, "reopen_after": 4}  # misses, where none are agreed


def _few() -> forms.NumberInput:
    """A small number inside a sentence."""
    return forms.NumberInput(attrs={"class": "input input--few"})


class AgencyChoice(forms.ModelChoiceField):
    """Agencies by the name that the reader may have."""

    name_of: Callable[[Agency], str] = staticmethod(lambda agency: agency.short_name)

    def label_from_instance(self, obj: Any) -> str:
        return self.name_of(obj)


def first_day(every: str, days: int | None, today: date) -> date | None:
    """The first turn of a rhythm that begins today; None for one that has no rhythm."""
    if every == Every.DAYS:
        return add_working_days(today + timedelta(days=days), 0) if days else None
    if every in (Every.ONCE, NONE):
        return None
    return add_working_days(months_later(today, int(every)), 0)


class CycleFields(KyoseiForm):
    """The agreement about looking again."""

    every = forms.ChoiceField(
        label="どのくらいの間隔で", choices=Every.choices, widget=forms.RadioSelect, required=False
    )
    every_days = forms.IntegerField(label="何日ごと", required=False, min_value=1, max_value=1100)
    follow_up_on = WarekiDateField(label="フォローの予定日", required=False)
    until_on = WarekiDateField(label="いつまで", required=False, help_text="")
    turns = forms.IntegerField(label="何回まで", required=False, min_value=1, max_value=200)
    follow_up_way = forms.ChoiceField(
        label="フォローの方法", choices=WatchWay.choices, initial=WatchWay.PHONE, required=False
    )
    follow_up_agency = AgencyChoice(
        label="見守る機関", queryset=Agency.objects.none(), required=False, empty_label="主担当機関"
    )
    follow_up_staff = forms.ModelChoiceField(
        label="フォローの担当者", queryset=Staff.objects.none(), required=False, empty_label="主担当者のまま"
    )
    ask = forms.CharField(
        label="見てほしいこと", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    visit_after = forms.IntegerField(
        label="訪問に切り替えるまでの回数",
        initial=2,
        min_value=1,
        max_value=20,
        required=False,
        widget=_few(),
    )
    tell_after = forms.IntegerField(
        label="主担当機関の長に知らせるまでの回数",
        initial=3,
        min_value=1,
        max_value=20,
        required=False,
        widget=_few(),
    )
    reopen_after = forms.IntegerField(
        label="再開を検討するまでの回数", initial=4, min_value=1, max_value=20, required=False, widget=_few()
    )

    def __init__(
        self,
        *args: Any,
        actor: Any,
        case: Case,
        name_of: Callable[[Agency], str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        agencies: Any = self.fields["follow_up_agency"]
        agencies.queryset = partner_agencies(case, actor)
        if name_of is not None:
            agencies.name_of = name_of
        if actor.agency:
            self.fields["follow_up_staff"].queryset = (  # type: ignore[attr-defined]
                Staff.objects.visible_to(actor).of_agency(actor.agency, on=today).order_by("kana", "pk")
            )

    def clean(self) -> dict[str, Any]:
        """A rhythm without a day begins with its first step from today."""
        data: dict[str, Any] = super().clean() or {}
        data["every"] = data.get("every") or Every.ONCE
        if data["every"] == NONE:
            data["follow_up_on"] = None
        elif not data.get("follow_up_on") and not data.get("no_follow_up_reason"):
            data["follow_up_on"] = first_day(data["every"], data.get("every_days"), timezone.localdate())
        if data["every"] != Every.DAYS:
            data["every_days"] = None
        for name, usual in USUAL.items():
            data[name] = data.get(name) or usual
        data["follow_up_way"] = data.get("follow_up_way") or WatchWay.PHONE
        return data

    def agreement(self) -> dict[str, Any]:
        """The cleaned fields under the names of ``ClosingData``; numbers left empty keep the usual rule."""
        data = self.cleaned_data
        return {
            "follow_up_on": data["follow_up_on"], "every": data["every"] if data["every"] != NONE else Every.ONCE,
            "every_days": data["every_days"], "until_on": data["until_on"], "turns": data["turns"],
            "follow_up_way": data["follow_up_way"], "follow_up_agency": data["follow_up_agency"],
            "follow_up_staff": data["follow_up_staff"], "ask": data["ask"], "visit_after": data["visit_after"],
            "tell_after": data["tell_after"], "reopen_after": data["reopen_after"],
        }  # fmt: skip


class ClosingForm(CycleFields):
    kind = forms.ChoiceField(
        label="判定", choices=[(Judgement.CLOSE, "終結"), (Judgement.DISCONTINUE, "中断（連絡が途絶えた）")],
        widget=forms.RadioSelect, initial=Judgement.CLOSE,
    )  # fmt: skip
    reason = forms.ModelChoiceField(
        label="終結理由", queryset=Code.objects.none(), empty_label="選んでください"
    )
    note = forms.CharField(label="本人の希望・終結の評価", widget=forms.Textarea(attrs={"rows": 4}))
    no_follow_up_reason = forms.CharField(
        label="フォローをしない理由",
        max_length=200,
        required=False,
        help_text="見守りをしないときは必ず書きます",
    )

    def __init__(self, *args: Any, actor: Any, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.fields["every"].choices = [*Every.choices, (NONE, "見守りをしない")]  # type: ignore[attr-defined]
        self.fields["reason"].queryset = Code.objects.visible_to(actor).of(  # type: ignore[attr-defined]
            CodeList.CLOSING_REASON, timezone.localdate()
        )

    def closing(self) -> ClosingData:
        data = self.cleaned_data
        return ClosingData(
            kind=data["kind"], reason=data["reason"], note=data["note"],
            no_follow_up_reason=data["no_follow_up_reason"], **self.agreement(),
        )  # fmt: skip


class WatchForm(CycleFields):
    """Starting a watch after closing, or changing one (``changes``: then with the reason)."""

    reason = forms.CharField(label="変える理由", max_length=300, required=False)
    version = VersionField(required=False)
    # the day of the turn that waits, as the page was opened: the turn is a row of its own
    look_before = forms.DateField(required=False, widget=forms.HiddenInput)
    columns = {"follow_up_way": "way", "follow_up_agency": "agency", "follow_up_staff": "staff"}

    def __init__(self, *args: Any, actor: Any, case: Case, keep: Staff | None = None, **kwargs: Any) -> None:
        """``keep``: who looks now, maybe a worker of another agency, whom the reader may leave as it is."""
        super().__init__(*args, actor=actor, case=case, **kwargs)
        # nothing chosen is the lead agency, and its lead worker
        self.alike = {
            "follow_up_agency": {case.lead_agency_id: None}, "follow_up_staff": {case.lead_staff_id: None},
        }  # fmt: skip
        workers: Any = self.fields["follow_up_staff"]
        if keep is not None and not workers.queryset.filter(pk=keep.pk).exists():
            workers.queryset = Staff.objects.visible_to(actor).filter(
                Q(pk__in=workers.queryset.values("pk")) | Q(pk=keep.pk)
            ).order_by("kana", "pk")  # fmt: skip
            workers.label_from_instance = lambda staff: KEPT if staff.pk == keep.pk else str(staff)

    def cycle(self) -> CycleData | None:
        """None where no first day can be told."""
        data = self.agreement()
        if data["follow_up_on"] is None:
            return None
        return CycleData(
            first_on=data["follow_up_on"], every=data["every"], every_days=data["every_days"],
            until_on=data["until_on"], turns=data["turns"], way=data["follow_up_way"],
            agency=data["follow_up_agency"], staff=data["follow_up_staff"], ask=data["ask"],
            visit_after=data["visit_after"], tell_after=data["tell_after"], reopen_after=data["reopen_after"],
        )  # fmt: skip


def stored_cycle(cycle: WatchCycle, look_on: date) -> dict[str, Any]:
    """The running agreement as the form shows it; ``look_on`` is the day of the turn that waits."""
    return {
        "every": cycle.every, "every_days": cycle.every_days, "follow_up_on": look_on, "until_on": cycle.until_on,
        "turns": cycle.turns, "follow_up_way": cycle.way,
        "follow_up_agency": cycle.agency_id if cycle.agency_id != cycle.case.lead_agency_id else None,
        "follow_up_staff": cycle.staff_id, "ask": cycle.ask, "visit_after": cycle.visit_after,
        "tell_after": cycle.tell_after, "reopen_after": cycle.reopen_after, "version": cycle.version, "look_before": look_on,
    }  # fmt: skip


class FollowUpForm(KyoseiForm):
    """One contact of a turn: what was found, or that nobody was reached."""

    request_key = RequestKeyField(required=False)
    result = forms.ChoiceField(label="結果", choices=FollowUpResult.choices, widget=forms.RadioSelect)
    note = forms.CharField(label="様子", required=False, widget=forms.Textarea(attrs={"rows": 4}))
    way = forms.ChoiceField(label="方法", choices=WatchWay.choices, required=False)
    started_at = WarekiDateTimeField(label="いつ", required=False, help_text="")
    minutes = MinutesField(label="時間（分）", required=False, help_text="")
    next_on = WarekiDateField(label="次のフォロー", required=False, help_text="空欄なら決めた間隔で続けます")
    stop_reason = forms.CharField(
        label="フォローを終える理由", max_length=200, required=False,
        help_text="今回で見守りを終えるときだけ書きます",
    )  # fmt: skip

    def tried(self) -> Tried:
        data = self.cleaned_data
        return Tried(
            started_at=data["started_at"],
            minutes=data["minutes"],
            way=data["way"],
            request_key=data["request_key"],
        )


class ReopenForm(KyoseiForm):
    reason = forms.CharField(label="再開する理由", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))
