"""The form of an export layout: one column a line, as an office writes it down."""

from __future__ import annotations

from typing import Any

from django import forms

from budgets.actions.export_layouts import LayoutData
from budgets.settlement.layouts import FIELDS
from budgets.workflow_claims import LayoutKind
from common.forms import KyoseiForm


def to_text(columns: list[dict[str, str]]) -> str:
    """見出し = 項目, or 見出し = "固定の文字", one a line."""
    return "\n".join(
        f"{c['label']} = {c['field']}" if c.get("field") else f'{c["label"]} = "{c.get("fixed", "")}"'
        for c in columns
    )


def from_text(text: str) -> list[dict[str, str]]:
    """The reverse; ValidationError names the line."""
    columns = []
    for n, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        label, mark, value = (part.strip() for part in line.replace("＝", "=").partition("="))
        if not mark or not label:
            raise forms.ValidationError(f"{n}行目を「見出し = 項目」の形にしてください。")
        if len(value) >= 2 and value[0] == value[-1] == '"':
            columns.append({"label": label, "field": "", "fixed": value[1:-1]})
        elif value:
            columns.append({"label": label, "field": value, "fixed": ""})
        else:
            raise forms.ValidationError(f'{n}行目の右側に、項目か「"」で囲んだ文字を書いてください。')
    return columns


class LayoutForm(KyoseiForm):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    name = forms.CharField(label="名称", max_length=60, help_text="例：財務会計 執行データ取込")
    kind = forms.ChoiceField(label="1行の内容", choices=LayoutKind.choices)
    columns = forms.CharField(
        label="列", max_length=6000, widget=forms.Textarea(attrs={"rows": 12}),
        help_text='1行に1列。「見出し = 項目」、決まった文字は「見出し = "0123"」',
    )  # fmt: skip
    encoding = forms.ChoiceField(
        label="文字コード", choices=[("utf-8-sig", "UTF-8（BOM付き）"), ("cp932", "シフトJIS")]
    )
    has_header = forms.BooleanField(label="見出しの行を付ける", required=False)

    def clean_columns(self) -> list[dict[str, str]]:
        return from_text(self.cleaned_data["columns"])

    def data_of(self) -> LayoutData:
        d: dict[str, Any] = self.cleaned_data
        return LayoutData(d["name"], LayoutKind(d["kind"]), d["columns"], d["encoding"], d["has_header"])

    @property
    def fields_by_kind(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The fields that may stand on the right, for each kind."""
        return [(kind.label, list(FIELDS[kind].items())) for kind in LayoutKind]
