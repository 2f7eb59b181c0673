"""Forms of 支援措置, safe contact and the deny list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Staff
from common.forms import KyoseiForm, VersionField, WarekiDateField
from common.japan.fiscal import add_months
from households.enums import DenialReason


def _agencies(actor: Actor) -> Any:
    today = timezone.localdate()
    return Agency.objects.visible_to(actor).with_desk().active_on(today).order_by("sector", "code")


class ProtectionForm(KyoseiForm):
    """支援措置 of one person. The own agency is always among the units."""

    units = forms.ModelMultipleChoiceField(
        label="見てよい機関", queryset=Agency.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="自分の機関はいつも含まれます。ここにない機関には、住所・電話・職場や学校・担当窓口・転居が見えません。",
    )  # fmt: skip
    first_on = WarekiDateField(label="措置の始まり")
    last_on = WarekiDateField(label="措置の終わり", help_text="ふつう1年。終わりの30日前から知らせます。")
    adversary = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)
    adversary_text = forms.CharField(label="相手方（登録のある人を探す）", max_length=120, required=False)
    adversary_name = forms.CharField(label="相手方の氏名（登録がないとき）", max_length=60, required=False)
    decided_where = forms.CharField(label="申出先・決定した所", max_length=100, required=False)
    note = forms.CharField(label="補足", max_length=300, required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        today = timezone.localdate()
        kwargs["initial"] = {"first_on": today, "last_on": add_months(today, 12), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["units"].queryset = _agencies(actor)  # type: ignore[attr-defined]


class RenewForm(KyoseiForm):
    version = VersionField()
    last_on = WarekiDateField(label="新しい終わりの日")
    units = forms.ModelMultipleChoiceField(
        label="加える機関",
        queryset=Agency.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["units"].queryset = _agencies(actor)  # type: ignore[attr-defined]


class EndProtectionForm(KyoseiForm):
    version = VersionField()
    end_note = forms.CharField(label="終了の理由", max_length=300)


class SafeContactForm(KyoseiForm):
    """How a person may be contacted."""

    may_call = forms.BooleanField(label="電話してよい", required=False, initial=True)
    may_write = forms.BooleanField(label="手紙・書類を送ってよい", required=False, initial=True)
    may_visit = forms.BooleanField(label="訪問してよい", required=False, initial=True)
    when = forms.CharField(label="よい時間", max_length=100, required=False, help_text="例：平日10時〜14時")
    by_whom = forms.CharField(
        label="だれから・何と名乗るか",
        max_length=100,
        required=False,
        help_text="例：中川から。市役所とは名乗らない",
    )
    caution = forms.CharField(
        label="してはいけないこと", max_length=300, required=False, help_text="例：留守番電話に残さない"
    )


class DenialForm(KyoseiForm):
    """The worker by number or full name."""

    staff_text = forms.CharField(label="職員（職員番号か氏名）", max_length=60)
    reason = forms.ChoiceField(label="理由", choices=DenialReason.choices)
    note = forms.CharField(label="補足", max_length=300, required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean_staff_text(self) -> Staff:
        """One worker; a name that several bear has to be told by number."""
        text = "".join(self.cleaned_data["staff_text"].split())
        everybody = Staff.objects.visible_to(self.actor)
        found = list(everybody.filter(username=text)) or [
            s for s in everybody.filter(name__startswith=text[:1]) if "".join(s.name.split()) == text
        ]
        if not found:
            raise forms.ValidationError("その職員は見つかりません。職員番号か、姓名を入力してください。")
        if len(found) > 1:
            numbers = "、".join(s.username for s in found)
            raise forms.ValidationError(f"同じ氏名の職員がいます。職員番号で入力してください（{numbers}）。")
        return found[0]


class ReleaseForm(KyoseiForm):
    end_reason = forms.CharField(label="解除の理由", max_length=300)
