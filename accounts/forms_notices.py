"""知らせの受け取り方."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.notice_kinds import URGENCY, USUAL, NoticeWay, Urgency
from common.forms import KyoseiForm


def kinds_of(urgency: Urgency) -> str:
    return "、".join(kind.label for kind, u in URGENCY.items() if u is urgency)


class NoticeWaysForm(KyoseiForm):
    """One choice for each kind of urgency that may be chosen."""

    def __init__(self, *args: Any, chosen: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for urgency in (Urgency.ACTION, Urgency.NEWS):
            self.fields[urgency.value] = forms.ChoiceField(
                label=urgency.label, choices=NoticeWay.choices, widget=forms.RadioSelect,
                initial=chosen.get(urgency, USUAL[urgency]), help_text=kinds_of(urgency),
                error_messages=dict.fromkeys(
                    ("required", "invalid_choice"), f"「{urgency.label}」の受け取り方を選んでください。"
                ),
            )  # fmt: skip
