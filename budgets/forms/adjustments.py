"""The form of an adjustment after the lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import Agency, Staff
from budgets.forms.settings import PeopleForm
from budgets.models import WorkCategory
from common.forms import WarekiDateField, YenField


class AdjustmentForm(PeopleForm):
    staff = forms.TypedChoiceField(label="職員", coerce=int)
    dated_on = WarekiDateField(label="調整の日付")
    from_category = forms.ChoiceField(label="減らす業務区分", required=False)
    to_category = forms.ChoiceField(label="増やす業務区分", required=False)
    minutes = forms.IntegerField(label="動かす時間（分）", required=False, min_value=1, max_value=44_640)
    yen = YenField(
        label="人件費の増減（円）", required=False, min_value=-999_999_999_999, help_text="減らすときは「-12,000」のように入れます"
    )  # fmt: skip
    reason = forms.CharField(label="理由", max_length=300)

    def __init__(
        self,
        *args: Any,
        people: Sequence[tuple[Staff, Agency]],
        categories: Sequence[WorkCategory],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, people=people, **kwargs)
        self.categories = {c.code: c for c in categories}
        self.fields["staff"].choices = [("", "選んでください"), *self.choices]  # type: ignore[attr-defined]
        own = [("", "なし"), *((c.code, c.name) for c in categories)]
        self.fields["from_category"].choices = own  # type: ignore[attr-defined]
        self.fields["to_category"].choices = own  # type: ignore[attr-defined]
