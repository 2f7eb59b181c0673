"""Forms of a stream's year and of a pool."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms

from accounts.enums import Sector
from accounts.models import Staff
from budgets.enums import Activity, Payer, PoolDriver, RemainderRule
from budgets.forms.settings import FractionField
from budgets.models import FundingStream
from common.forms import KyoseiForm, WarekiDateField, WarekiMonthField, YenField

MAX_EVIDENCE = 5 * 1024 * 1024


class StreamYearForm(KyoseiForm):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    standard_yen = YenField(label="基準額（円）", required=False)
    age_from = forms.IntegerField(label="対象の年齢（以上）", required=False, min_value=0, max_value=120)
    age_below = forms.IntegerField(label="対象の年齢（未満）", required=False, min_value=1, max_value=120)
    sectors = forms.MultipleChoiceField(
        label="対象の分野", choices=Sector.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="選ばなければ、分野を問いません。複数の分野の記録は、1つが当てはまれば対象です",
    )  # fmt: skip
    activities = forms.MultipleChoiceField(
        label="対象の活動", choices=Activity.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="選ばなければ、活動を問いません",
    )  # fmt: skip
    must_be_dedicated = forms.BooleanField(label="専従を求める", required=False)
    remainder_rule = forms.ChoiceField(
        label="端数の扱い", choices=[("", "その月の設定のとおり"), *RemainderRule.choices], required=False
    )
    ends_on = WarekiDateField(label="年度途中で終わる日", required=False)
    source = forms.CharField(label="出典", max_length=200, required=False)
    needs_check = forms.BooleanField(label="要確認（都道府県に確認していない）", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for payer in Payer:
            self.fields[f"share_{payer}"] = FractionField(label=payer.label, required=False)

    def shares(self) -> dict[str, Fraction]:
        return {p.value: v for p in Payer if (v := self.cleaned_data.get(f"share_{p}"))}

    @property
    def share_fields(self) -> list[Any]:
        return [self[f"share_{payer}"] for payer in Payer]


class PoolForm(KyoseiForm):
    name = forms.CharField(label="事業の名称", max_length=80, help_text="例：つつじが丘まるごと広場")
    month_from = WarekiMonthField(label="最初の月")
    month_to = WarekiMonthField(label="最後の月")
    total_yen = YenField(label="総費用（円）", min_value=1, max_value=10**13)
    driver = forms.ChoiceField(label="按分の基準", choices=PoolDriver.choices)
    driver_name = forms.CharField(
        label="市町村が定める基準の名称",
        max_length=60,
        required=False,
        help_text="「市町村が定める基準」のときだけ",
    )
    remainder_rule = forms.ChoiceField(label="端数の扱い", choices=RemainderRule.choices)
    decided_on = WarekiDateField(label="決裁日")
    decided_by = forms.CharField(label="決裁者・決裁番号", max_length=100)
    workers = forms.TypedMultipleChoiceField(
        label="総費用に人件費を含む職員", coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="ここに挙げた職員の人件費を按分すると、二重の財源として確認事項になります",
    )  # fmt: skip

    def __init__(
        self, *args: Any, streams: Sequence[FundingStream], people: Sequence[Staff], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.streams = list(streams)
        self.fields["workers"].choices = [(s.pk, s.name) for s in people]  # type: ignore[attr-defined]
        for stream in streams:
            self.fields[f"amount_{stream.pk}"] = forms.DecimalField(
                label=f"{stream.short_name}の数値",
                required=False,
                min_value=Decimal(0),
                max_digits=14,
                decimal_places=4,
            )
            self.fields[f"evidence_{stream.pk}"] = forms.CharField(
                label=f"{stream.short_name}の根拠の資料", required=False, max_length=200
            )
            self.fields[f"file_{stream.pk}"] = forms.FileField(
                label=f"{stream.short_name}の写し（PDF）", required=False
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for stream in self.streams:
            if data.get(f"amount_{stream.pk}") is None:
                continue
            if not data.get(f"evidence_{stream.pk}"):
                self.add_error(
                    f"evidence_{stream.pk}", f"{stream.short_name}の根拠の資料を入力してください。"
                )
            file = data.get(f"file_{stream.pk}")
            if file and (file.size > MAX_EVIDENCE or file.read(5) != b"%PDF-"):
                self.add_error(f"file_{stream.pk}", "写しは5MBまでのPDFにしてください。")
        return data

    def rows(self) -> list[tuple[FundingStream, Any, Any, Any]]:
        return [
            (s, self[f"amount_{s.pk}"], self[f"evidence_{s.pk}"], self[f"file_{s.pk}"]) for s in self.streams
        ]
