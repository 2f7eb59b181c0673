"""Forms of costs: one field a worker, and the file to import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import Staff
from budgets.cost_file import TARGETS
from budgets.enums import CostItem, RemainderRule
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


class CostItemsForm(KyoseiForm):
    """``<item>_<staff>`` for every worker: the cost is the sum of what is typed; a worker without any stays as is."""

    def __init__(self, *args: Any, workers: Sequence[Staff], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for staff in workers:
            for item in CostItem:
                self.fields[f"{item.value}_{staff.pk}"] = YenField(
                    label=f"{staff.name}の{item.label}（円）", required=False
                )
        self.workers = list(workers)

    def given(self) -> list[tuple[Staff, dict[str, int]]]:
        found = []
        for staff in self.workers:
            items = {
                item.value: yen
                for item in CostItem
                if (yen := self.cleaned_data.get(f"{item.value}_{staff.pk}")) is not None
            }
            if items:
                found.append((staff, items))
        return found

    def rows(self) -> list[tuple[Staff, list[Any]]]:
        return [(s, [self[f"{item.value}_{s.pk}"] for item in CostItem]) for s in self.workers]


class ColumnsForm(KyoseiForm):
    """What each heading of a file is."""

    def __init__(self, *args: Any, headings: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = [h for h in headings if h]
        for n, heading in enumerate(self.headings):
            self.fields[f"column_{n}"] = forms.ChoiceField(
                label=heading[:60], required=False, choices=[("", "使わない"), *TARGETS.items()]
            )

    def columns(self) -> dict[str, str]:
        return {h: self.cleaned_data.get(f"column_{n}", "") for n, h in enumerate(self.headings)}


class CostFileForm(KyoseiForm):
    file = forms.FileField(
        label="ファイル（CSV・XLSX）",
        help_text="「職員番号」と「人件費」か費目（給料・手当・共済費など）の列。見出しが違うファイルは、列の対応を一度だけ聞きます",
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
