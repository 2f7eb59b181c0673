"""Forms of costs: one field a worker, and the file to import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import Staff
from budgets.enums import RemainderRule
from common.forms import KyoseiForm, YenField

MAX_UPLOAD = 5 * 1024 * 1024


class CostsForm(KyoseiForm):
    """``yen_<staff>`` for every worker with minutes or a cost in the month; an empty field leaves the cost as it is."""

    def __init__(self, *args: Any, workers: Sequence[Staff], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for staff in workers:
            self.fields[f"yen_{staff.pk}"] = YenField(label=f"{staff.name}の人件費（円）", required=False)
        self.workers = list(workers)

    def given(self) -> list[tuple[Staff, int]]:
        data = self.cleaned_data
        return [(s, data[f"yen_{s.pk}"]) for s in self.workers if data.get(f"yen_{s.pk}") is not None]

    def rows(self) -> list[tuple[Staff, Any]]:
        return [(s, self[f"yen_{s.pk}"]) for s in self.workers]


class CostFileForm(KyoseiForm):
    file = forms.FileField(
        label="ファイル（CSV・XLSX）",
        help_text="列は「職員番号」「氏名」「人件費」。氏名は確認のためで、なくてもかまいません",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD:
            raise forms.ValidationError("ファイルが大きすぎます（5MBまで）。")
        if not file.name.lower().endswith((".csv", ".xlsx")):
            raise forms.ValidationError("CSV か XLSX のファイルを選んでください。")
        return file


class RunForm(KyoseiForm):
    rule = forms.ChoiceField(label="端数の扱い", choices=RemainderRule.choices)
