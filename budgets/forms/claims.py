"""Forms of claims, plans, what-if and mid-year shares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from django import forms

from budgets.actions.claims import ClaimData
from budgets.actions.stream_budgets import spread
from budgets.enums import Payer
from budgets.forms.settings import FractionField
from budgets.models import FundingStream
from common.forms import KyoseiForm, YenField
from common.japan.wareki import format_wareki_month

LARGEST = 10**13


class ClaimForm(KyoseiForm):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    other_yen = YenField(
        label="人件費のほかの事業費（円）", min_value=0, max_value=LARGEST,
        help_text="委託料・需用費など、按分した人件費に加える額",
    )  # fmt: skip
    ineligible_yen = YenField(
        label="対象外の経費（円）",
        min_value=0,
        max_value=LARGEST,
        help_text="総事業費のうち対象経費にならない額",
    )
    income_yen = YenField(label="寄付金その他の収入額（円）", min_value=0, max_value=LARGEST)
    granted_yen = YenField(
        label="交付決定額（円）",
        required=False,
        min_value=0,
        max_value=LARGEST,
        help_text="決定の前は空欄にします",
    )
    note = forms.CharField(
        label="備考", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="記録のない月があるときは、その経費をどこに入れたか",
    )  # fmt: skip

    def data_of(self) -> ClaimData:
        d = self.cleaned_data
        return ClaimData(d["other_yen"], d["ineligible_yen"], d["income_yen"], d["granted_yen"], d["note"])


class CorrectForm(KyoseiForm):
    reason = forms.CharField(label="訂正の理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ShareChangeForm(KyoseiForm):
    first = forms.ChoiceField(label="この月から")
    source = forms.CharField(label="根拠（通知など）", max_length=200, required=False)

    def __init__(self, *args: Any, months: Sequence[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first"].choices = [(m.isoformat(), format_wareki_month(m)) for m in months]  # type: ignore[attr-defined]
        for payer in Payer:
            self.fields[f"share_{payer}"] = FractionField(label=payer.label, required=False)

    def shares(self) -> dict[str, Fraction]:
        return {p.value: v for p in Payer if (v := self.cleaned_data.get(f"share_{p}"))}

    @property
    def share_fields(self) -> list[Any]:
        return [self[f"share_{payer}"] for payer in Payer]


class BudgetForm(KyoseiForm):
    """Either the year's total (spread evenly) or the months."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    total = YenField(
        label="年額（円）", required=False, min_value=0, max_value=LARGEST,
        help_text="月別を空欄にすると、12か月に均等に分けます",
    )  # fmt: skip

    def __init__(self, *args: Any, months: Sequence[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.months = list(months)
        for n, month in enumerate(self.months):
            self.fields[f"month_{n}"] = YenField(
                label=f"{month.month}月（円）", required=False, min_value=0, max_value=LARGEST
            )

    @property
    def month_fields(self) -> list[Any]:
        return [self[f"month_{n}"] for n in range(12)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        own = [data.get(f"month_{n}") for n in range(12)]
        total = data.get("total")
        if any(yen is not None for yen in own):
            filled = [yen or 0 for yen in own]
            if total is not None and total != sum(filled):
                self.add_error(
                    "total", f"月別の合計は{sum(filled):,}円です。年額を空欄にするか、そろえてください。"
                )
            data["months"] = filled
        elif total is not None:
            data["months"] = spread(total)
        elif not self.errors:
            self.add_error("total", "年額か月別の額を入力してください。")
        return data


class WhatIfForm(KyoseiForm):
    staff = forms.TypedChoiceField(label="この職員が", coerce=int)
    to = forms.TypedChoiceField(label="この財源の業務だけに移ると", coerce=int)
    since = forms.ChoiceField(label="この月から")

    def __init__(
        self, *args: Any, staff: Sequence[tuple[int, str]], streams: Sequence[FundingStream], months: Sequence[date], **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["staff"].choices = list(staff)  # type: ignore[attr-defined]
        self.fields["to"].choices = [(s.pk, s.short_name) for s in streams]  # type: ignore[attr-defined]
        self.fields["since"].choices = [(m.isoformat(), format_wareki_month(m)) for m in months]  # type: ignore[attr-defined]
