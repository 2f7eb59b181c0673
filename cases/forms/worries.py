"""Forms of the 気がかり."""

from __future__ import annotations

from django import forms

from common.forms import KyoseiForm, WarekiDateField


class PutOffForm(KyoseiForm):
    """Looked at: when to look again, and why nothing is done now."""

    until = WarekiDateField(label="次に見る日")
    reason = forms.CharField(
        label="いま動かない理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )
