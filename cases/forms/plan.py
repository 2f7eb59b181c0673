"""Forms of plan and evaluation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import formset_factory
from django.utils import timezone

from accounts.models import Agency
from cases.actions.plan import EvaluationData, PlanData, PlanItemData
from cases.enums import Achievement, CodeList, Doer, Judgement
from cases.models import Code
from common.forms import KyoseiForm, VersionField, WarekiDateField


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class PlanForm(KyoseiForm):
    hope = forms.CharField(label="本人の目指す姿", required=False, widget=_area(2))
    long_goal = forms.CharField(label="長期目標", required=False, widget=_area(2))
    short_goal = forms.CharField(label="本プランにおける達成目標", required=False, widget=_area(2))
    starts_on = WarekiDateField(label="期間の初日", required=False, help_text="")
    ends_on = WarekiDateField(label="期間の末日", required=False, help_text="")
    monitoring_on = WarekiDateField(label="次回モニタリング", required=False, help_text="")
    services = forms.ModelMultipleChoiceField(
        label="利用する事業",
        queryset=Code.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    version = VersionField()

    def __init__(self, *args: Any, actor: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = Code.objects.visible_to(actor).of(CodeList.SERVICE, timezone.localdate())
        self.fields["services"].queryset = codes  # type: ignore[attr-defined]

    def plan(self, items: list[PlanItemData]) -> PlanData:
        data = {k: v for k, v in self.cleaned_data.items() if k != "version"}
        return PlanData(**{**data, "services": list(data["services"])}, items=items)


class PlanItemForm(KyoseiForm):
    """One row of the role table; an empty action leaves the row out."""

    problem = forms.CharField(label="解決したい課題", max_length=300, required=False)
    action = forms.CharField(label="実施すること", max_length=300, required=False)
    doer = forms.ChoiceField(label="だれが", choices=Doer.choices, initial=Doer.AGENCY, required=False)
    agency = forms.ModelChoiceField(
        label="担当機関", queryset=Agency.objects.none(), required=False, empty_label="―"
    )
    doer_text = forms.CharField(label="担当者・その他の名前", max_length=100, required=False)
    frequency = forms.CharField(label="期間・頻度", max_length=100, required=False)
    due_on = WarekiDateField(label="期限", required=False, help_text="")

    def __init__(self, *args: Any, agencies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = agencies  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("action") and any(
            data.get(k) for k in ("problem", "agency", "doer_text", "frequency", "due_on")
        ):
            self.add_error("action", "実施することを入力してください。")
        doer = data.get("doer") or Doer.AGENCY
        if (
            data.get("action")
            and doer == Doer.AGENCY
            and not data.get("agency")
            and "agency" not in self.errors
        ):
            self.add_error("agency", "担当機関を選んでください（「だれが」が支援機関のとき）。")
        return data

    def row(self) -> PlanItemData | None:
        data = self.cleaned_data
        if not data.get("action"):
            return None
        return PlanItemData(**{**data, "doer": data["doer"] or Doer.AGENCY})


PlanItems = formset_factory(PlanItemForm, extra=3, max_num=40, absolute_max=60)


class EvaluationForm(KyoseiForm):
    achievement = forms.ChoiceField(
        label="目標の達成状況", choices=Achievement.choices, widget=forms.RadioSelect
    )
    changes = forms.ModelMultipleChoiceField(
        label="見られた変化",
        queryset=Code.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(label="評価", required=False, widget=_area(4))
    remaining = forms.CharField(label="残された課題", required=False, widget=_area(2))
    wish = forms.CharField(label="本人の希望・満足度", required=False, widget=_area(2))
    judgement = forms.ChoiceField(label="判定", choices=Judgement.choices, widget=forms.RadioSelect)

    def __init__(self, *args: Any, actor: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = Code.objects.visible_to(actor).of(CodeList.CHANGE, timezone.localdate())
        self.fields["changes"].queryset = codes  # type: ignore[attr-defined]

    def evaluation(self) -> EvaluationData:
        return EvaluationData(**{**self.cleaned_data, "changes": list(self.cleaned_data["changes"])})
