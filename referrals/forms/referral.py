"""Sending, answering and filtering referrals. Rules stand in the actions; here only shapes and choices."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from accounts.actor import Actor
from accounts.enums import AgencyKind, ConsentState, Ground
from accounts.models import Agency, AgencyQuerySet, Staff
from cases.models import AssessmentItem, Case
from common.forms import KyoseiForm, RequestKeyField, WarekiDateField, WarekiDateTimeField
from common.japan.business_days import add_working_days, is_working_day
from common.japan.wareki import format_wareki
from households.grounds import GROUND_RULES, REFERRAL_GROUNDS
from referrals.enums import ReferralOutcome, SharedPart
from referrals.selectors import DEADLINE_DAYS, office_hours_deadline
from referrals.selectors_needs import concerns_in_words, standing_needs
from referrals.workflow import ReferralEvent, Stage

QUICK_DAYS = (1, DEADLINE_DAYS, 7, 14)

_WITH_CONSENT = [SharedPart.BASIC, SharedPart.CONCERNS, SharedPart.STRENGTHS, SharedPart.PROBLEMS]
_WITHOUT_CONSENT = [SharedPart.CONCERNS]
_SEND_NOTHING = (ConsentState.REFUSED, ConsentState.WITHDRAWN)


def default_parts(case: Case) -> list[str]:
    """What is ticked at first: nothing that names a person until there is consent, nothing at all if it was refused."""
    if case.consent == ConsentState.YES:
        return list(_WITH_CONSENT)
    return [] if case.consent in _SEND_NOTHING else list(_WITHOUT_CONSENT)


def default_ground(case: Case) -> str:
    return Ground.CONSENT if case.consent == ConsentState.YES else Ground.COORDINATION


def receivers(actor: Actor, at: datetime) -> AgencyQuerySet:
    """Agencies that the actor's may ask, by sector and name."""
    directory = Agency.objects.visible_to(actor).with_desk().active_on(timezone.localdate(at))
    if actor.agency is not None:
        directory = directory.exclude(pk=actor.agency.pk)
    return directory.order_by("sector", "code")


class SendForm(KyoseiForm):
    """つなぐ. A date typed into ``deadline_at`` goes before the quick choice."""

    request_key = RequestKeyField()
    to_agency = forms.ModelChoiceField(label="つなぎ先", queryset=Agency.objects.none())
    to_agency_text = forms.CharField(label="つなぎ先の名前", required=False, widget=forms.HiddenInput)
    also = forms.ModelMultipleChoiceField(
        label="同時にお願いする機関", queryset=Agency.objects.none(), required=False
    )
    need = forms.ModelChoiceField(
        label="どの困りごとについて",
        queryset=AssessmentItem.objects.none(),
        required=False,
        empty_label="新しく書く",
    )
    need_text = forms.CharField(
        label="どんな困りごとについて",
        max_length=500,
        required=False,
        help_text="見立ての「課題」にもそのまま残ります。相手に見えるかどうかは「見せる記録」によります。",
    )
    purpose = forms.CharField(
        label="お願いしたいこと",
        max_length=200,
        help_text="一文で。相手の受信箱にこのまま出ます。",
        widget=forms.TextInput(attrs={"list": "purposes", "autocomplete": "off"}),
    )
    message = forms.CharField(
        label="補足", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    deadline = forms.ChoiceField(label="返事の期限", required=False, widget=forms.RadioSelect)
    deadline_at = WarekiDateTimeField(
        label="日時を指定する", required=False, help_text="入れると、上の選択より優先されます。"
    )
    ground = forms.ChoiceField(label="共有の根拠", widget=forms.RadioSelect)
    parts = forms.MultipleChoiceField(
        label="見せる記録", required=False, choices=SharedPart.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, case: Case, actor: Actor, at: datetime, **kwargs: Any) -> None:
        self.at = at
        has_consent = case.consent == ConsentState.YES
        needs = standing_needs(case)
        self.has_needs = needs.exists()
        kwargs["initial"] = {
            "need": needs.first(),
            "need_text": "" if self.has_needs else concerns_in_words(case),
            "ground": default_ground(case),
            "parts": default_parts(case),
            "deadline": str(DEADLINE_DAYS),
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)
        # all agencies: an impossible one is refused by the action, which says why
        self.fields["to_agency"].queryset = Agency.objects.visible_to(actor)  # type: ignore[attr-defined]
        self.fields["also"].queryset = Agency.objects.visible_to(actor)  # type: ignore[attr-defined]
        self.fields["need"].queryset = needs  # type: ignore[attr-defined]
        self.fields["deadline"].choices = [  # type: ignore[attr-defined]
            (str(days), deadline_label(at, days)) for days in QUICK_DAYS
        ]
        consent = f"（いまは「{ConsentState(case.consent).label}」）" if not has_consent else ""
        self.fields["ground"].choices = [  # type: ignore[attr-defined]
            (g.value, f"{g.label}：{GROUND_RULES[g].hint}{consent if g is Ground.CONSENT else ''}")
            for g in REFERRAL_GROUNDS
        ]
        if self.is_bound:
            self._read_typed_agency(actor)

    def _check_office_is_open(self, day: date) -> None:
        if words := closed_day_words(day):
            self.add_error("deadline_at", words)

    def _read_typed_agency(self, actor: Actor) -> None:
        """A full name that was typed and not picked from the list counts as picked."""
        typed = str(self.data.get("to_agency_text", "")).strip()
        if self.data.get("to_agency") or not typed:
            return
        directory = receivers(actor, self.at)
        found = [a for a in directory if typed in (a.name, a.short_name)]
        if len(found) == 1:
            self.data = MultiValueDict({**dict(self.data.lists()), "to_agency": [str(found[0].pk)]})  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if (data.get("need_text") or "").strip():
            data["need"] = None  # what was written goes before what stood there
        if data.get("deadline_at"):
            self._check_office_is_open(timezone.localdate(data["deadline_at"]))
        elif "deadline_at" not in self.errors:
            days = int(data.get("deadline") or DEADLINE_DAYS)
            data["deadline_at"] = office_hours_deadline(self.at, days)
        return data


def closed_day_words(day: date) -> str:
    """Why a day is no deadline: nobody is there to answer; "" on a working day."""
    if is_working_day(day):
        return ""
    return f"{format_wareki(day)}は閉庁日です。次の開庁日は{format_wareki(add_working_days(day, 0))}です。"


def deadline_label(at: datetime, days: int) -> str:
    local = timezone.localtime(office_hours_deadline(at, days))
    return f"{days}開庁日後　{format_wareki(local.date())}{local:%H:%M}"


class AnswerForm(KyoseiForm):
    """One answer: who takes it on, or why it goes to a conference."""

    staff = forms.ModelChoiceField(label="引き受ける人", queryset=Staff.objects.none(), empty_label=None)
    note = forms.CharField(
        label="ひとこと", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, event: ReferralEvent, actor: Actor, at: datetime, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"staff": actor.staff_id})
        super().__init__(*args, **kwargs)
        note = self.fields["note"]
        if event is ReferralEvent.TO_CONFERENCE:
            del self.fields["staff"]
            note.required, note.label = True, "会議に出す理由"
            note.widget.attrs["data-focus"] = ""
            note.help_text = "何を話し合えば受けられるか。送った機関とエリアディレクターに伝わります。"
            note.error_messages["required"] = "会議に出す理由を入力してください。"
            return
        colleagues = Staff.objects.visible_to(actor)
        if actor.agency is not None:
            colleagues = colleagues.of_agency(actor.agency, on=timezone.localdate(at))
        self.fields["staff"].queryset = colleagues.order_by("kana", "pk")  # type: ignore[attr-defined]
        if event is ReferralEvent.TAKE_LEAD:
            self.fields["former"] = _former_field(at)
        note.label = "ひとこと（送った機関に伝わります）"


def former_until(form: AnswerForm, at: datetime) -> date | None:
    """The last day that was chosen in the form of taking the lead; None: without an end."""
    days = form.cleaned_data.get("former") or str(settings.HANDOVER_READ_DAYS)
    return None if days == STAYS else timezone.localdate(at) + timedelta(days=int(days))


STAYS = "stays"
FORMER_DAYS = (30, 90, 180)


def _former_field(at: datetime) -> forms.ChoiceField:
    """Until when the former lead reads on; the setting's days are chosen at first."""
    today, usual = timezone.localdate(at), settings.HANDOVER_READ_DAYS
    days = sorted({*FORMER_DAYS, usual})
    return forms.ChoiceField(
        label="前の主担当が記録を見られる期間",
        required=False,
        initial=str(usual),
        choices=[
            *((str(n), f"{format_wareki(today + timedelta(days=n))}まで（{n}日）") for n in days),
            (STAYS, "期限なし（協働機関として残る）"),
        ],
    )


class OutcomeForm(KyoseiForm):
    """What came of a request."""

    outcome = forms.ChoiceField(
        label="お願いの結果",
        choices=[(o.value, o.label) for o in ReferralOutcome if o is not ReferralOutcome.CASE_CLOSED],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label="送った機関へのひとこと",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class WithdrawForm(KyoseiForm):
    note = forms.CharField(
        label="取り下げる理由", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReferralFilterForm(KyoseiForm):
    """What the list shows; every field may be empty."""

    direction = forms.ChoiceField(
        label="向き", required=False, choices=[("", "すべて"), ("in", "届いた"), ("out", "送った")]
    )
    state = forms.ChoiceField(
        label="状態",
        required=False,
        choices=[("", "すべて"), *((s.value, s.label) for s in Stage if s is not Stage.DRAFT)],
    )
    agency = forms.ModelChoiceField(
        label="相手の機関", required=False, queryset=Agency.objects.none(), empty_label="すべて"
    )
    since = WarekiDateField(label="送付日（から）", required=False, help_text="")
    until = WarekiDateField(label="送付日（まで）", required=False, help_text="")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offices = [AgencyKind.FINANCE, AgencyKind.OFFICE]  # neither asks nor is asked
        directory = Agency.objects.visible_to(actor).exclude(kind__in=offices)
        self.fields["agency"].queryset = directory.order_by("sector", "code")  # type: ignore[attr-defined]
