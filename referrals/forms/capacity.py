"""Asking for room and answering. Rules stand in the actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Area
from cases.enums import CodeList
from cases.models import Code
from common.forms import KyoseiForm, RequestKeyField
from referrals.enums_outside import CapacityReply
from referrals.forms.referral import QUICK_DAYS, deadline_label, receivers
from referrals.selectors import DEADLINE_DAYS, office_hours_deadline


class CapacityForm(KyoseiForm):
    """受け入れの問い合わせ. Nothing here says who it is for."""

    request_key = RequestKeyField()
    agencies = forms.ModelMultipleChoiceField(
        label="問い合わせ先",
        queryset=Agency.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="いくつかの機関に同時に聞けます。",
    )
    theme = forms.ModelChoiceField(label="テーマ", queryset=Code.objects.none())
    area = forms.ModelChoiceField(
        label="地区", queryset=Area.objects.none(), required=False, empty_label="市内のどこでも"
    )
    text = forms.CharField(
        label="必要なこと",
        max_length=300,
        help_text="氏名・電話・住所は書かずに、ふつうの言葉で。例：車いすの方を2週間、泊まりで受けられますか。",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    period = forms.CharField(
        label="いつから・いつまで", max_length=100, required=False, help_text="例：12月上旬から2週間"
    )
    deadline = forms.ChoiceField(label="返事の期限", required=False, widget=forms.RadioSelect)
    is_checked = forms.BooleanField(label="本人を指す言葉ではないことを確かめた", required=False)

    def __init__(self, *args: Any, actor: Actor, at: datetime, **kwargs: Any) -> None:
        self.at = at
        kwargs["initial"] = {"deadline": str(DEADLINE_DAYS), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["agencies"].queryset = receivers(actor, at)  # type: ignore[attr-defined]
        self.fields["theme"].queryset = Code.objects.visible_to(actor).of(  # type: ignore[attr-defined]
            CodeList.CONCERN, timezone.localdate(at)
        )
        self.fields["theme"].label_from_instance = lambda code: code.label  # type: ignore[attr-defined]
        self.fields["area"].queryset = Area.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]
        self.fields["deadline"].choices = [  # type: ignore[attr-defined]
            (str(days), deadline_label(at, days)) for days in QUICK_DAYS
        ]

    def deadline_at(self) -> datetime:
        return office_hours_deadline(self.at, int(self.cleaned_data.get("deadline") or DEADLINE_DAYS))


class CapacityReplyForm(KyoseiForm):
    reply = forms.ChoiceField(label="返事", choices=CapacityReply.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label="ひとこと",
        max_length=300,
        required=False,
        help_text="条件つきのときはその条件を、空きがないときは見通しやほかの先を書きます。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
