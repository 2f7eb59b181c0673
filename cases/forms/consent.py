"""Forms of 同意: an answer with its scope, and its withdrawal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import ConsentState
from accounts.models import Agency
from cases.actions.consent import SCAN_LIMIT, ConsentData
from common.forms import KyoseiForm, RequestKeyField, VersionField, WarekiDateField
from households.enums import ConsentGiver, ConsentMethod, InformationKind

_ANSWERS = [
    (ConsentState.YES, "あり（伝えてよい）"),
    (ConsentState.NO, "なし（まだ聞けない・答えが得られない）"),
    (ConsentState.REFUSED, "拒否（伝えてほしくない）"),
]


class ConsentForm(KyoseiForm):
    """One answer. Scope, purpose and the rest are asked only of a yes; the action says what is missing."""

    request_key = RequestKeyField()
    state = forms.ChoiceField(label="答え", choices=_ANSWERS, widget=forms.RadioSelect)
    given_on = WarekiDateField(label="答えた日")
    giver = forms.ChoiceField(label="答えた人", choices=ConsentGiver.choices, initial=ConsentGiver.SELF)
    giver_name = forms.CharField(
        label="本人に代わって答えた人の氏名",
        max_length=60,
        required=False,
        help_text="本人が答えたときは空欄",
    )
    kinds = forms.MultipleChoiceField(
        label="伝えてよい情報",
        choices=InformationKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    agencies = forms.ModelMultipleChoiceField(
        label="伝えてよい機関",
        queryset=Agency.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    purpose = forms.CharField(
        label="何のために", max_length=200, required=False, initial="くらしの困りごとを一緒に支えるため"
    )
    ends_on = WarekiDateField(label="いつまで", required=False, help_text="空欄なら、撤回されるまで")
    method = forms.ChoiceField(label="方法", choices=ConsentMethod.choices, widget=forms.RadioSelect)
    witness = forms.CharField(label="立会人", max_length=60, required=False, help_text="口頭のときは必須")
    paper_place = forms.CharField(
        label="書面の保管場所", max_length=100, required=False, help_text="例：相談室キャビネット3段目"
    )
    scan = forms.FileField(
        label="書面の写し", required=False, help_text="PDF・PNG・JPEG、5MBまで",
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/png,image/jpeg"}),
    )  # fmt: skip
    note = forms.CharField(
        label="本人の言葉・補足", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        today = timezone.localdate()
        kwargs["initial"] = {
            "given_on": today, "method": ConsentMethod.SIGNED, "kinds": InformationKind.values,
            **kwargs.get("initial", {}),
        }  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["agencies"].queryset = (  # type: ignore[attr-defined]
            Agency.objects.visible_to(actor).with_desk().active_on(today).order_by("sector", "code")
        )

    def clean_scan(self) -> bytes | None:
        scan = self.cleaned_data.get("scan")
        if not scan:
            return None
        if scan.size > SCAN_LIMIT:
            raise forms.ValidationError("写しは5MB以下にしてください。")
        data: bytes = scan.read()
        return data

    def consent(self) -> ConsentData:
        data = self.cleaned_data
        return ConsentData(
            state=data["state"], given_on=data["given_on"], method=data["method"], kinds=tuple(data["kinds"]),
            agencies=tuple(data["agencies"]), purpose=data["purpose"], ends_on=data["ends_on"], giver=data["giver"],
            giver_name=data["giver_name"], witness=data["witness"], paper_place=data["paper_place"],
            note=data["note"], scan=data["scan"],
        )  # fmt: skip


class WithdrawForm(KyoseiForm):
    """The day and the words of a withdrawal."""

    version = VersionField()
    withdrawn_on = WarekiDateField(label="撤回した日")
    note = forms.CharField(label="本人の言葉・様子", max_length=300, required=False)
