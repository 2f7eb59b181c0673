"""Forms of outreach."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.enums import Sector
from accounts.models import Staff
from cases.actions.outreach import AttemptData, WorryData
from cases.enums import Closeness, OutreachAnswer, OutreachEnd, OutreachWay, WorrySource
from cases.forms.consultation import typed_person
from common.forms import (
    KyoseiForm,
    MinutesField,
    RequestKeyField,
    VersionField,
    WarekiDateField,
    WarekiDateTimeField,
)
from households.actions.persons import PersonData


class WorryFields(KyoseiForm):
    """What a new outreach and its correction share. ``staff``: the workers of the agency."""

    described = forms.CharField(
        label="どんな人か",
        max_length=100,
        help_text="名前がわからなくてよい。例：青い屋根の家の息子さん",
    )
    worry = forms.CharField(
        label="気がかり", max_length=20_000, strip=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    source = forms.ChoiceField(
        label="だれから聞いたか", choices=WorrySource.choices, widget=forms.RadioSelect
    )
    source_name = forms.CharField(
        label="教えてくれた人",
        max_length=60,
        required=False,
        help_text="本人にも、ほかの機関にも見せません",
    )
    source_contact = forms.CharField(label="教えてくれた人の連絡先", max_length=100, required=False)
    next_on = WarekiDateField(label="次に関わる日")
    next_text = forms.CharField(label="次にすること", max_length=200, required=False)
    companion = forms.ModelChoiceField(
        label="伴走者", queryset=Staff.objects.none(), required=False, empty_label="決めていない"
    )
    peer = forms.CharField(
        label="ピア", max_length=60, required=False, help_text="同じ経験のある人が関わるとき"
    )

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["companion"].queryset = staff  # type: ignore[attr-defined]

    def worry_data(self) -> WorryData:
        data = self.cleaned_data
        return WorryData(**{name: data[name] for name in WorryData.__dataclass_fields__})


class NewOutreachForm(WorryFields):
    request_key = RequestKeyField()
    person = forms.IntegerField(required=False)
    person_text = forms.CharField(label="わかっている人なら", max_length=120, required=False)


class EditOutreachForm(WorryFields):
    version = VersionField()
    staff = forms.ModelChoiceField(label="担当者", queryset=Staff.objects.none())

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, staff=staff, **kwargs)
        self.fields["staff"].queryset = staff  # type: ignore[attr-defined]


class AttemptForm(KyoseiForm):
    request_key = RequestKeyField()
    answer = forms.ChoiceField(label="応え", choices=OutreachAnswer.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label="様子",
        max_length=100_000,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next_on = WarekiDateField(label="次に関わる日", help_text="")
    next_text = forms.CharField(label="次にすること", max_length=200, required=False)
    way = forms.ChoiceField(label="方法", choices=OutreachWay.choices)
    started_at = WarekiDateTimeField(label="いつ", help_text="")
    minutes = MinutesField(label="時間（分）", required=False, help_text="")
    closeness = forms.ChoiceField(
        label="関係の段階", choices=[("", "応えに合わせる"), *Closeness.choices], required=False
    )

    def attempt(self) -> AttemptData:
        data = self.cleaned_data
        return AttemptData(**{name: data[name] for name in AttemptData.__dataclass_fields__})


class AgreeForm(KyoseiForm):
    agreed_on = WarekiDateField(label="相談することになった日")
    how = forms.CharField(
        label="どのように決まったか", max_length=300, help_text="例：玄関先で「話を聞いてほしい」と言われた"
    )
    person = forms.IntegerField(required=False)
    person_text = forms.CharField(label="本人の氏名", max_length=120, required=False)
    sectors = forms.MultipleChoiceField(
        label="分野", choices=Sector.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    def new_person(self) -> PersonData | None:
        data = self.cleaned_data
        return None if data["person"] else typed_person(data["person_text"])


class EndOutreachForm(KyoseiForm):
    reason = forms.ChoiceField(label="終える理由", choices=OutreachEnd.choices, widget=forms.RadioSelect)
    note = forms.CharField(label="終える事情", max_length=300)


class ResumeForm(KyoseiForm):
    next_on = WarekiDateField(label="次に関わる日")
