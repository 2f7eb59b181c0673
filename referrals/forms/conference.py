"""Convening, agenda, seats, decisions and closing. Rules stand in the actions; here only shapes and choices."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Sector
from accounts.models import Agency, Staff
from cases.models import Case, SupportPlan
from cases.workflow import PlanState
from common.forms import (
    ClockField,
    KyoseiForm,
    MinutesField,
    RequestKeyField,
    VersionField,
    WarekiDateField,
    WarekiDateTimeField,
)
from referrals.enums import Attendance, Urgency, kind_choices
from referrals.models import AgendaItem, Conference, ConferenceMember, Referral
from referrals.selectors_kinds import convenes, kinds_on
from referrals.workflow import REFERRAL_WAITING

SECTORS = [("", "分野を限らない"), *Sector.choices]


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def sittable(actor: Actor, at: datetime) -> Any:
    """Agencies that can be invited, the actor's own excepted: those that take people, and the directors' posts."""
    agencies = Agency.objects.visible_to(actor).active_on(timezone.localdate(at))
    agencies = agencies.exclude(kind__in=[AgencyKind.FINANCE, AgencyKind.OFFICE])
    if actor.agency is not None:
        agencies = agencies.exclude(pk=actor.agency.pk)
    return agencies.order_by("sector", "code")


def in_order(agencies: Iterable[Agency], team: Collection[int]) -> list[Agency]:
    """The team first, then by sector, those of no sector (desks, which are many) last."""
    place = {code: n for n, code in enumerate(Sector.values)}
    return sorted(agencies, key=lambda a: (a.pk not in team, place.get(a.sector, len(place)), a.code))


class FrameForm(KyoseiForm):
    """What a conference is called, when, how long, where."""

    title = forms.CharField(
        label="名称",
        max_length=120,
        required=False,
        help_text="空けておくと、種類と日付が名称になります。支援会議の名称には氏名を入れないでください。",
    )
    starts_at = WarekiDateTimeField(label="開始日時")
    minutes = MinutesField(label="予定の長さ", initial=60)
    place = forms.CharField(label="場所", max_length=120, required=False)
    sector = forms.ChoiceField(label="分野", required=False, choices=SECTORS)


class ConveneForm(FrameForm):
    request_key = RequestKeyField()
    kind = forms.ChoiceField(label="会議の種類", widget=forms.RadioSelect)
    invite = forms.ModelMultipleChoiceField(
        label="招く機関", queryset=Agency.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    cases = forms.ModelMultipleChoiceField(
        label="議題にするケース", queryset=Case.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    topic = forms.CharField(label="協議すること", max_length=200, required=False)

    field_order = ("request_key", "kind", "title", "starts_at", "minutes", "place", "sector")

    def __init__(self, *args: Any, actor: Actor, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind.code, f"{kind.label}：{kind.note or kind.rule.hint}")
            for kind in kinds_on(timezone.localdate(at))
            if kind.is_used and convenes(actor, kind.rule)
        ]
        self.fields["invite"].queryset = sittable(actor, at)  # type: ignore[attr-defined]
        self.fields["cases"].queryset = (  # type: ignore[attr-defined]
            Case.objects.visible_to(actor).open().select_related("household")
        )


class EditForm(FrameForm):
    version = VersionField()


class InviteForm(KyoseiForm):
    agency = forms.ModelChoiceField(label="機関", queryset=Agency.objects.none(), empty_label="機関を選ぶ")

    def __init__(
        self, *args: Any, actor: Actor, at: datetime, seated: set[int], team: Collection[int] = (), **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        agencies = sittable(actor, at).exclude(pk__in=seated)
        self.fields["agency"].queryset = agencies  # type: ignore[attr-defined]
        groups: dict[str, list[tuple[int, str]]] = {}
        for agency in in_order(agencies, team):
            group = (
                "議題のケースの支援チーム"
                if agency.pk in team
                else agency.get_sector_display() or "分野を問わない"
            )
            groups.setdefault(group, []).append((agency.pk, agency.name))
        self.fields["agency"].choices = [("", "機関を選ぶ"), *groups.items()]  # type: ignore[attr-defined]


class SeatForm(KyoseiForm):
    """Who comes for one agency, and whether."""

    staff = forms.ModelChoiceField(
        label="出席者", queryset=Staff.objects.none(), required=False, empty_label="まだ決まっていない"
    )
    attendance = forms.ChoiceField(label="出欠", choices=Attendance.choices)

    def __init__(self, *args: Any, actor: Actor, agency: Agency, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Staff.objects.visible_to(actor).of_agency(agency, on=timezone.localdate(at))
        self.fields["staff"].queryset = people.order_by("kana", "pk")  # type: ignore[attr-defined]


class ItemForm(KyoseiForm):
    """One case on the agenda."""

    topic = forms.CharField(label="協議すること", max_length=200, help_text="一文で。何を決めたいか。")
    minutes = MinutesField(label="時間", initial=20)
    urgency = forms.ChoiceField(label="急ぎ", choices=Urgency.choices, initial=Urgency.USUAL, required=False)
    ground = forms.ChoiceField(label="共有の根拠", widget=forms.RadioSelect)
    situation = forms.CharField(
        label="把握している世帯像・取り組み", required=False, max_length=4000, widget=_area(4)
    )
    request_text = forms.CharField(
        label="他機関にお願いしたいこと", required=False, max_length=4000, widget=_area(3)
    )
    no_consent_reason = forms.CharField(
        label="同意を得られない理由", required=False, max_length=300,
        help_text="例：本人と連絡がとれない。説明しても判断がむずかしい。開会までに書きます。",
    )  # fmt: skip
    attendees = forms.ModelMultipleChoiceField(
        label="この議題を聞く出席者", queryset=ConferenceMember.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple, help_text="選ばれていない出席者には、この議題は見えません。",
    )  # fmt: skip
    referral = forms.ModelChoiceField(
        label="つなぎ", queryset=Referral.objects.none(), required=False, empty_label="なし"
    )
    plan = forms.ModelChoiceField(
        label="協議するプラン案", queryset=SupportPlan.objects.none(), required=False, empty_label="なし"
    )

    def __init__(
        self, *args: Any, actor: Actor, conference: Conference, case: Case, item: AgendaItem | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["ground"].choices = [  # type: ignore[attr-defined]
            (g.value, Ground(g).label) for g in conference.rule.grounds
        ]
        if conference.is_secret:
            seats = ConferenceMember.objects.visible_to(actor).filter(conference=conference)
            self.fields["attendees"].queryset = seats.select_related("agency", "staff").order_by("pk")  # type: ignore[attr-defined]
            self.fields["attendees"].label_from_instance = _seat_label  # type: ignore[attr-defined]
            if item is None:
                self.initial.setdefault("attendees", [seat.pk for seat in self.fields["attendees"].queryset])  # type: ignore[attr-defined]
        else:
            del self.fields["attendees"]
            del self.fields["no_consent_reason"]
        referrals = Referral.objects.visible_to(actor).filter(case=case).select_related("to_agency")
        plans = SupportPlan.objects.visible_to(actor).filter(case=case)
        chosen_referral = (item.referral_id if item else None) or 0
        chosen_plan = (item.plan_id if item else None) or 0
        self.fields["referral"].queryset = (  # type: ignore[attr-defined]
            referrals.filter(state__in=REFERRAL_WAITING) | referrals.filter(pk=chosen_referral)
        ).order_by("-sent_at")
        self.fields["referral"].label_from_instance = _referral_label  # type: ignore[attr-defined]
        self.fields["plan"].queryset = (  # type: ignore[attr-defined]
            plans.filter(state=PlanState.DRAFT) | plans.filter(pk=chosen_plan)
        ).order_by("-ordinal")
        self.fields["plan"].label_from_instance = _plan_label  # type: ignore[attr-defined]


def _seat_label(seat: ConferenceMember) -> str:
    return f"{seat.agency.short_name}　{seat.staff.name if seat.staff else '出席者 未定'}"


def _referral_label(referral: Referral) -> str:
    return f"{referral.to_agency.short_name}：{referral.purpose}"


def _plan_label(plan: SupportPlan) -> str:
    return f"プラン{plan.ordinal}（{plan.get_state_display()}）{plan.long_goal[:40]}"


class DecisionForm(KyoseiForm):
    """A decision as typed in one line, and as understood; what is corrected by hand goes before the line."""

    request_key = RequestKeyField()
    line = forms.CharField(label="決まったこと", max_length=400, required=False)
    parsed_line = forms.CharField(label="読み取った行", required=False, widget=forms.HiddenInput)
    agency = forms.ModelChoiceField(label="機関", queryset=Agency.objects.none(), empty_label="選ぶ")
    staff = forms.ModelChoiceField(label="担当者", queryset=Staff.objects.none(), empty_label="選ぶ")
    due_on = WarekiDateField(label="期限", help_text="")
    text = forms.CharField(label="すること", max_length=300)

    def __init__(
        self, *args: Any, actor: Actor, agencies: list[Agency], staff: dict[int, list[Staff]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        directory = Agency.objects.visible_to(actor).filter(pk__in=[a.pk for a in agencies])
        people = [s.pk for found in staff.values() for s in found]
        self.fields["agency"].queryset = directory.order_by("code")  # type: ignore[attr-defined]
        self.fields["agency"].label_from_instance = lambda a: a.short_name  # type: ignore[attr-defined]
        self.fields["staff"].queryset = Staff.objects.visible_to(actor).filter(pk__in=people)  # type: ignore[attr-defined]
        self.fields["agency"].choices = [("", "選ぶ"), *((a.pk, a.short_name) for a in agencies)]  # type: ignore[attr-defined]
        self.fields["staff"].choices = [  # type: ignore[attr-defined]
            ("", "選ぶ"),
            *((a.short_name, [(s.pk, s.name) for s in staff[a.pk]]) for a in agencies if a.pk in staff),
        ]


class ConclusionForm(KyoseiForm):
    version = VersionField()
    conclusion = forms.CharField(label="結論", required=False, max_length=4000, widget=_area(2))
    is_undecided = forms.BooleanField(label="決まらなかった（次の会議へ持ち越す）", required=False)


class MinutesForm(KyoseiForm):
    """The minutes alone, on the version that was opened."""

    version = VersionField()
    summary = forms.CharField(label="議事の要旨", required=False, max_length=20000, widget=_area(14))


class CloseForm(KyoseiForm):
    """The minutes, and the moments of opening and closing as they really were."""

    version = VersionField()
    started_at = ClockField(label="開会", required=False)
    ended_at = ClockField(label="閉会", required=False)
    summary = forms.CharField(
        label="議事の要旨",
        required=False,
        max_length=20000,
        widget=_area(14),
        help_text="結論と決定事項から下書きしました。直してから終了してください。",
    )

    def moments(self, day: date) -> tuple[datetime | None, datetime | None]:
        """Opening and closing as moments of ``day``; a closing before the opening is past midnight."""
        both = [
            timezone.make_aware(datetime.combine(day, clock)) if clock is not None else None
            for clock in (self.cleaned_data.get("started_at"), self.cleaned_data.get("ended_at"))
        ]
        return both[0], both[1]


class DoneForm(KyoseiForm):
    outcome = forms.CharField(label="結果", required=False, max_length=4000, widget=_area(3))


class ConferenceFilterForm(KyoseiForm):
    kind = forms.ChoiceField(label="種類", required=False, choices=[("", "すべて"), *kind_choices()])
    sector = forms.ChoiceField(label="分野", required=False, choices=[("", "すべて"), *Sector.choices])
    mine = forms.BooleanField(label="自機関が招集したもの", required=False)
