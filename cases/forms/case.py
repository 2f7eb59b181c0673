"""Forms of the case page: note, assessment item, sectors, filters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.enums import Sector
from accounts.models import Staff
from cases.actions.assessment import ItemData
from cases.actions.notes import NoteData
from cases.enums import CodeList, ItemKind, Way
from cases.models import Code
from cases.workflow import CaseState
from common.forms import (
    KyoseiForm,
    MinutesField,
    RequestKeyField,
    VersionField,
    WarekiDateField,
    WarekiDateTimeField,
)
from households.models import Person


class NoteFields(KyoseiForm):
    """A progress note. ``people`` are the members of the household, ``team`` the named workers who may have come along."""

    text = forms.CharField(
        label="内容",
        max_length=100_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "input"}),
    )
    way = forms.ChoiceField(label="方法", choices=Way.choices, widget=forms.RadioSelect, initial=Way.PHONE)
    started_at = WarekiDateTimeField(label="対応日時", help_text="")
    minutes = MinutesField(label="時間（分）", help_text="")
    counterpart = forms.CharField(label="相手", max_length=100, required=False)
    person = forms.TypedChoiceField(label="だれについて", required=False, coerce=int, empty_value=None)
    companion = forms.TypedChoiceField(label="同行した人", required=False, coerce=int, empty_value=None)
    next_on = WarekiDateField(label="次は（日付）", required=False, help_text="")
    next_text = forms.CharField(label="次にすること", max_length=200, required=False)

    def __init__(
        self, *args: Any, people: list[Person], team: Sequence[tuple[Staff, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.people = {p.pk: p for p in people}
        self.team = {staff.pk: staff for staff, _ in team}
        if team:
            choices = [("", "いない"), *((staff.pk, label) for staff, label in team)]
            self.fields["companion"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["companion"]
        self.fields["person"].choices = [("", "世帯全体"), *((p.pk, p.display_name) for p in people)]  # type: ignore[attr-defined]

    def note(self) -> NoteData:
        data = self.cleaned_data
        return NoteData(
            started_at=data["started_at"], minutes=data["minutes"], way=data["way"], text=data["text"],
            counterpart=data["counterpart"], person=self.people.get(data["person"]), next_on=data["next_on"],
            next_text=data["next_text"], companion=self.team.get(data.get("companion") or 0),
        )  # fmt: skip


class NoteForm(NoteFields):
    request_key = RequestKeyField()


class NoteEditForm(NoteFields):
    version = VersionField()


def note_initial() -> dict[str, Any]:
    """A new note took the last 15 minutes."""
    now = timezone.localtime().replace(second=0, microsecond=0)
    return {"started_at": now - timedelta(minutes=15), "minutes": 15, "way": Way.PHONE}


class ItemForm(KyoseiForm):
    """One strength, wish or problem."""

    kind = forms.ChoiceField(
        label="種類", choices=ItemKind.choices, widget=forms.RadioSelect, initial=ItemKind.STRENGTH
    )
    person = forms.TypedChoiceField(label="だれの", required=False, coerce=int, empty_value=None)
    code = forms.ModelChoiceField(
        label="課題と背景要因", queryset=Code.objects.none(), required=False, empty_label="選ばない"
    )
    sector = forms.ChoiceField(label="分野", choices=[("", "選ばない"), *Sector.choices], required=False)
    text = forms.CharField(label="内容", max_length=500, required=False)
    version = VersionField(required=False)

    def __init__(self, *args: Any, actor: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {p.pk: p for p in people}
        self.fields["person"].choices = [("", "世帯全体"), *((p.pk, p.display_name) for p in people)]  # type: ignore[attr-defined]
        self.fields["code"].queryset = Code.objects.visible_to(actor).of(CodeList.ISSUE, timezone.localdate())  # type: ignore[attr-defined]

    def item(self) -> ItemData:
        data = self.cleaned_data
        return ItemData(
            kind=data["kind"], text=data["text"], person=self.people.get(data["person"]), code=data["code"],
            sector=data["sector"],
        )  # fmt: skip


class SectorsForm(KyoseiForm):
    sectors = forms.MultipleChoiceField(
        label="分野", choices=Sector.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class CaseFilter(KyoseiForm):
    q = forms.CharField(label="氏名・世帯名・番号", max_length=60, required=False)
    whose = forms.ChoiceField(
        label="かかわり", required=False,
        choices=[("", "すべて"), ("mine", "自分が主担当"), ("lead", "自分の機関が主担当"), ("partner", "自分の機関が協働")],
    )  # fmt: skip
    state = forms.ChoiceField(
        label="状態", required=False, choices=[("", "支援中"), (CaseState.CLOSED, "終結"), ("all", "すべて")]
    )
    sector = forms.ChoiceField(label="分野", choices=[("", "すべて"), *Sector.choices], required=False)
    silent_days = forms.TypedChoiceField(
        label="対応がない", required=False, coerce=int, empty_value=None,
        choices=[("", "指定しない"), ("14", "14日以上"), ("30", "30日以上"), ("60", "60日以上")],
    )  # fmt: skip
