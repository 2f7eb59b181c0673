"""Forms of 緊急閲覧: why it is opened, and the answer to it."""

from __future__ import annotations

from django import forms

from cases.actions.break_glass import SHORTEST_REASON
from cases.enums import BreakGlassReason, BreakGlassVerdict
from common.forms import KyoseiForm, RequestKeyField


class BreakGlassForm(KyoseiForm):
    request_key = RequestKeyField()
    reason = forms.ChoiceField(label="理由", choices=BreakGlassReason.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label="何が起きていて、なぜ今この記録が必要か", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"{SHORTEST_REASON}文字以上。主担当者・機関の長・エリアディレクターがこのまま読みます。",
    )  # fmt: skip


class ReviewForm(KyoseiForm):
    verdict = forms.ChoiceField(
        label="確認の結果", choices=BreakGlassVerdict.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(label="確かめたこと", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
