"""The form that orders a long report."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from budgets.workflow_claims import ReportKind
from common.forms import KyoseiForm
from common.japan.fiscal import fiscal_months
from common.japan.wareki import format_wareki_month


class ReportForm(KyoseiForm):
    kind = forms.ChoiceField(label="帳票", choices=ReportKind.choices)
    span = forms.ChoiceField(label="期間", required=False, help_text="監査資料一式は、いつも年度の全体です")

    def __init__(self, *args: Any, year: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        months = [(m.isoformat(), format_wareki_month(m)) for m in fiscal_months(year)]
        self.fields["span"].choices = [("", "年度の全体"), *months]  # type: ignore[attr-defined]
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (ReportKind.PACK, "監査資料一式（ZIP）"), (ReportKind.SHEETS, "業務従事実績（職員ごとのPDF）"),
            (ReportKind.ENTRIES, "業務実績の一覧（CSV）"),
        ]  # fmt: skip

    def month(self) -> date | None:
        """The month asked for; a pack is always of the year."""
        text = self.cleaned_data["span"]
        if not text or self.cleaned_data["kind"] == ReportKind.PACK:
            return None
        return date.fromisoformat(text)
