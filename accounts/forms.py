"""Forms of staff administration."""

from __future__ import annotations

from django import forms

from accounts.enums import Role, Sector
from accounts.models import SUPPORT_DAYS, Agency
from common.forms import KyoseiForm, WarekiDateField


class StaffForm(KyoseiForm):
    username = forms.CharField(label="職員番号", max_length=50)
    name = forms.CharField(label="氏名", max_length=60)
    kana = forms.CharField(label="ふりがな", max_length=60)
    email = forms.EmailField(label="メール", required=False)
    home_town = forms.CharField(
        label="住まいの町名",
        max_length=60,
        required=False,
        help_text="市内に住むとき。近所の人の記録を見たことが、管理者の「気になる閲覧」に出ます",
    )
    password = forms.CharField(
        label="最初のパスワード",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="12文字以上",
    )


class HomeTownForm(KyoseiForm):
    home_town = forms.CharField(
        label="住まいの町名",
        max_length=60,
        required=False,
        help_text="市内に住むとき。近所の人の記録を見たことが、管理者の「気になる閲覧」に出ます",
    )


class AppointmentForm(KyoseiForm):
    agency = forms.ModelChoiceField(label="機関", queryset=Agency.objects.none())
    role = forms.ChoiceField(label="役割", choices=Role.choices)
    sector = forms.ChoiceField(
        label="担当分野",
        choices=[("", "なし"), *Sector.choices],
        required=False,
        help_text="エリアディレクターのとき",
    )
    title = forms.CharField(label="職名", max_length=60, required=False)
    starts_on = WarekiDateField(label="開始日")
    ends_on = WarekiDateField(label="最終日", required=False, help_text="決まっていなければ空欄")
    is_support = forms.BooleanField(
        label="支援のための一時的な権限",
        required=False,
        help_text=f"障害対応など。理由を書き、{SUPPORT_DAYS}日以内に終わります。",
    )
    reason = forms.CharField(label="理由", max_length=300, required=False)

    def __init__(self, *args: object, actor: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = (  # type: ignore[attr-defined]
            Agency.objects.visible_to(actor).filter(closed_on__isnull=True).order_by("code")
        )


class EndAppointmentForm(KyoseiForm):
    ends_on = WarekiDateField(label="最終日")
