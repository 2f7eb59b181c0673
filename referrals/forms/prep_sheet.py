"""The four questions of a 準備シート, and rows of the family's chronology as an agency knows them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms

from common.forms import KyoseiForm, VersionField
from common.japan.numbers import to_ascii_digits
from common.japan.wareki import parse_month, parse_wareki
from referrals.models.prep_sheet import QUESTIONS

ROWS = 6
_YEAR = re.compile(r"^(?P<era>[^\d\s]*)\s*(?P<year>\d{1,4}|元)\s*年?$")


def parse_when(text: str) -> tuple[date, str]:
    """A day, a month or a year in 和暦 or 西暦, with how fine it is; ValueError in words for anything else."""
    text = to_ascii_digits(text).strip()
    found = _YEAR.match(text)
    if found:
        era, year = found["era"], found["year"]
        for month, day in ((1, 1), (12, 31)):  # an era that begins within the year
            written = f"{era}{year}年{month}月{day}日" if len(era) != 1 else f"{era}{year}.{month}.{day}"
            try:
                return parse_wareki(written), "year"
            except ValueError:
                continue
        raise ValueError("年が読めません。例：平成30年、2018")
    try:
        return parse_wareki(text), "day"
    except ValueError:
        return parse_month(text), "month"


class PrepForm(KyoseiForm):
    version = VersionField()
    situation = forms.CharField(
        label=QUESTIONS["situation"],
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    efforts = forms.CharField(
        label=QUESTIONS["efforts"], required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    wanted = forms.CharField(
        label=QUESTIONS["wanted"], required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    requests = forms.CharField(
        label=QUESTIONS["requests"], required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n in range(ROWS):
            self.fields[f"when_{n}"] = forms.CharField(label=f"いつ {n + 1}", required=False, max_length=40)
            self.fields[f"what_{n}"] = forms.CharField(
                label=f"できごと {n + 1}", required=False, max_length=200
            )

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"when_{n}"], self[f"what_{n}"]) for n in range(ROWS)]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        entries = []
        for n in range(ROWS):
            when, what = data.get(f"when_{n}", ""), data.get(f"what_{n}", "")
            if not when and not what:
                continue
            if not when or not what:
                name = f"what_{n}" if when else f"when_{n}"
                self.add_error(name, "「いつ」と「できごと」の両方を書いてください。")
                continue
            try:
                entries.append((*parse_when(when), what))
            except ValueError as error:
                self.add_error(f"when_{n}", str(error))
        data["entries"] = entries
        return data
