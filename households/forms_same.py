"""Forms of linking, merging and parting two records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from common.forms import KyoseiForm, RequestKeyField, VersionField
from households.actions.merge_people import ABSORBED, BOTH, KEPT, MergeData
from households.enums import LinkState
from households.models import HouseholdMember
from households.selectors_same import FieldRow


class LinkForm(KyoseiForm):
    """Another record, the judgement and its reason."""

    other = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)
    other_text = forms.CharField(label="もう一人の記録", max_length=120, required=False)
    state = forms.ChoiceField(
        label="判断", choices=LinkState.choices, initial=LinkState.POSSIBLE, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="そう考えた理由", max_length=300, help_text="例：本人から、前の姓で相談したことがあると聞いた"
    )


class MergeForm(KyoseiForm):
    """Field by field, where the two records differ; then how one made sure."""

    request_key = RequestKeyField()
    kept_version = VersionField()
    absorbed_version = VersionField()
    basis = forms.CharField(
        label="同じ人と確かめた方法", max_length=300, help_text="例：本人に確かめた、保険証の記号番号が同じ"
    )

    def __init__(
        self, *args: Any, rows: Sequence[FieldRow] = (), homes: Sequence[HouseholdMember] = (), two_rules: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.choosable = [row.name for row in rows if row.differs]
        for row in rows:
            if row.differs:
                choices = [(KEPT, row.kept), (ABSORBED, row.absorbed)]
                choices += [(BOTH, "両方をつなげる")] if row.name == "note" else []
                self.fields[f"take_{row.name}"] = forms.ChoiceField(
                    label=row.label, choices=choices, initial=BOTH if row.name == "note" else KEPT,
                    widget=forms.RadioSelect,
                )  # fmt: skip
        if homes:
            self.fields["home"] = forms.TypedChoiceField(
                label="いま同居している世帯", choices=[(m.pk, m.household.name) for m in homes], coerce=int,
                widget=forms.RadioSelect, help_text="選ばない世帯には、別居の世帯員として残ります。",
            )  # fmt: skip
        if two_rules:
            self.fields["rule"] = forms.ChoiceField(
                label="安全な連絡の決まり", choices=[(KEPT, "残す記録の決まり"), (ABSORBED, "統合する記録の決まり")],
                widget=forms.RadioSelect,
            )  # fmt: skip

    @property
    def choice_fields(self) -> list[Any]:
        names = [f"take_{name}" for name in self.choosable] + [
            n for n in ("home", "rule") if n in self.fields
        ]
        return [self[name] for name in names]

    def data_of_merge(self) -> MergeData:
        said = self.cleaned_data
        return MergeData(
            basis=said["basis"], choices={name: said[f"take_{name}"] for name in self.choosable},
            home=said.get("home"), rule=said.get("rule") or KEPT,
        )  # fmt: skip


class UndoMergeForm(KyoseiForm):
    reason = forms.CharField(
        label="取り消す理由", max_length=300, help_text="例：同姓同名の別の人だとわかった"
    )
