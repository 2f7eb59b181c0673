"""年度替わりの引き継ぎ: the rule, and the person and the words for each case."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from accounts.enums import Sector
from accounts.models import Area, Staff
from common.forms import KyoseiForm, RequestKeyField, WarekiDateField
from referrals.models import TransferRow
from referrals.transfer_rules import Rule
from referrals.workflow_transfer import Phase, Spread


class RuleForm(KyoseiForm):
    """Which cases (all that is given must hold), to whom, and from which day."""

    from_staff = forms.TypedChoiceField(label="いまの担当者", required=False, coerce=int, empty_value=None)
    area = forms.TypedChoiceField(label="圏域", required=False, coerce=int, empty_value=None)
    sector = forms.ChoiceField(label="分野", required=False, choices=[("", "すべて"), *Sector.choices])
    phase = forms.ChoiceField(label="支援の段階", required=False, choices=[("", "すべて"), *Phase.choices])
    effective_on = WarekiDateField(label="引き継ぐ日")
    spread = forms.ChoiceField(
        label="分け方", choices=Spread.choices, widget=forms.RadioSelect, initial=Spread.EVEN.value
    )
    targets = forms.TypedMultipleChoiceField(
        label="引き継ぐ人", required=False, coerce=int, widget=forms.CheckboxSelectMultiple,
        help_text="引き継ぐ日に、この機関の辞令がある人。一人だけ選べば、全部その人に移します",
    )  # fmt: skip
    note = forms.CharField(
        label="全員への申し送り", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="移したケースの支援経過に書きます。空欄なら書きません",
    )  # fmt: skip
    request_key = RequestKeyField()

    def __init__(
        self, *args: Any, holders: list[Staff], colleagues: list[Staff], areas: list[Area], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        people = [(s.pk, s.name) for s in colleagues]
        self._choices("from_staff", [("", "すべての担当者"), *((s.pk, s.name) for s in holders)])
        self._choices("area", [("", "すべて"), *((a.pk, a.name) for a in areas)])
        self._choices("targets", people)
        self.area_names = []
        for area in areas:
            name = f"area-{area.pk}"
            self.fields[name] = forms.TypedChoiceField(
                label=area.name,
                required=False,
                coerce=int,
                empty_value=None,
                choices=[("", "選ばない"), *people],
            )
            self.area_names.append(name)
        self.area_fields = [self[name] for name in self.area_names]

    def _choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def rule(self) -> Rule:
        data = self.cleaned_data
        by_area = {int(n.removeprefix("area-")): data[n] for n in self.area_names if data.get(n)}
        return Rule(
            from_staff=data["from_staff"], area=data["area"], sector=data["sector"], phase=data["phase"],
            spread=data["spread"], targets=tuple(data["targets"]), by_area=by_area,
        )  # fmt: skip


class RowsForm(KyoseiForm):
    """The rows of one page: who takes the case, what they have to know, and 「確かめた」 where the case asks for it."""

    def __init__(
        self, *args: Any, rows: list[TransferRow], colleagues: list[Staff], day: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "選んでください"), *((s.pk, s.name) for s in colleagues)]
        self.rows = []
        for row in rows:
            to, note, looked = f"to-{row.pk}", f"note-{row.pk}", f"looked-{row.pk}"
            title = row.case.number
            self.fields[to] = forms.TypedChoiceField(
                label=f"{title}を引き継ぐ人", required=False, coerce=int, empty_value=None, choices=choices,
                initial=row.to_staff_id,
            )  # fmt: skip
            self.fields[note] = forms.CharField(
                label=f"{title}の申し送り", required=False, max_length=300, initial=row.note
            )
            self.fields[looked] = forms.BooleanField(label="確かめた", required=False, initial=row.is_chosen)
            self.rows.append((row, self[to], self[note], self[looked]))

    def chosen(self) -> dict[int, tuple[int | None, str, bool]]:
        data = self.cleaned_data
        return {
            row.pk: (data[f"to-{row.pk}"], data[f"note-{row.pk}"], data[f"looked-{row.pk}"])
            for row, *_ in self.rows
        }
