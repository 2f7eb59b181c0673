"""Forms of 不在."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.actor import Actor
from accounts.models import Staff
from accounts.roles import Permission
from common.forms import KyoseiForm, RequestKeyField, WarekiDateField


class AbsenceForm(KyoseiForm):
    """Whose, from when to when, and who acts meanwhile."""

    staff = forms.ModelChoiceField(label="だれが", queryset=Staff.objects.none(), empty_label=None)
    first_on = WarekiDateField(label="最初の日")
    last_on = WarekiDateField(label="最後の日", required=False, help_text="決まっていなければ空欄")
    deputy = forms.ModelChoiceField(
        label="代理",
        queryset=Staff.objects.none(),
        required=False,
        empty_label="決めない（機関の長が見ます）",
        help_text="不在のあいだ、気がかりはこの人に出ます",
    )
    request_key = RequestKeyField()

    def __init__(self, *args: Any, actor: Actor, on: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everybody = Staff.objects.visible_to(actor)
        here = everybody.appointed_at(actor.agency_id or 0, on).filter(is_active=True).order_by("kana", "pk")
        whose = here if actor.has(Permission.HAND_OVER) else everybody.filter(pk=actor.staff_id)
        self.fields["staff"].queryset = whose  # type: ignore[attr-defined]
        self.fields["deputy"].queryset = here  # type: ignore[attr-defined]
        self.fields["staff"].initial = actor.staff_id


class EndAbsenceForm(KyoseiForm):
    last_on = WarekiDateField(label="不在の最後の日")
