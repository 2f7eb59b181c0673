"""Forms of the method in force and of overheads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import Agency
from budgets.enums import Method, OverheadMethod, RemainderRule
from budgets.forms.settings import FractionField
from budgets.methods.overheads import Centre
from budgets.models import FundingStream
from common.forms import KyoseiForm, WarekiDateField, WarekiMonthField, YenField


class MethodForm(KyoseiForm):
    agency = forms.TypedChoiceField(
        label="機関",
        coerce=int,
        required=False,
        empty_value=None,
        help_text="空欄なら、自分の方式のない機関すべて",
    )
    method = forms.ChoiceField(
        label="方式", choices=[(m.value, m.label) for m in Method if m != Method.MIXED]
    )
    valid_from = WarekiMonthField(label="最初の月")
    basis = forms.CharField(label="根拠（決裁など）", max_length=200)

    def __init__(self, *args: Any, agencies: Sequence[Agency], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agencies: dict[int | None, Agency] = {a.pk: a for a in agencies}
        self.fields["agency"].choices = [("", "全機関"), *((a.pk, a.name) for a in agencies)]  # type: ignore[attr-defined]


class OverheadForm(KyoseiForm):
    """``CENTRES`` centres: name, yen, weights to the streams (all empty: by the direct minutes) and to each other."""

    CENTRES = ("A", "B", "C", "D")

    method = forms.ChoiceField(label="配賦の方法", choices=OverheadMethod.choices)
    order = forms.CharField(
        label="階梯式の順序",
        max_length=20,
        required=False,
        help_text="階梯式のときだけ。例：BA（BをまずAと財源に、次にAを財源に）",
    )
    remainder_rule = forms.ChoiceField(label="端数の扱い", choices=RemainderRule.choices)
    decided_on = WarekiDateField(label="決裁日")
    decided_by = forms.CharField(label="決裁者・決裁番号", max_length=100)

    def __init__(self, *args: Any, streams: Sequence[FundingStream], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.streams = list(streams)
        for code in self.CENTRES:
            self.fields[f"name_{code}"] = forms.CharField(
                label=f"間接部門{code}の名称", max_length=40, required=False
            )
            self.fields[f"yen_{code}"] = YenField(label=f"間接部門{code}の費用（円）", required=False)
            for stream in self.streams:
                self.fields[f"s_{code}_{stream.pk}"] = FractionField(
                    label=f"間接部門{code}から{stream.short_name}への基準", required=False
                )
            for other in self.CENTRES:
                if other != code:
                    self.fields[f"c_{code}_{other}"] = FractionField(
                        label=f"間接部門{code}から{other}への基準", required=False
                    )

    def heads(self) -> list[tuple[str, Any, Any]]:
        return [(code, self[f"name_{code}"], self[f"yen_{code}"]) for code in self.CENTRES]

    def weights(self) -> list[tuple[str, list[Any]]]:
        """The rows of the table: a stream or a centre, and the field of each centre (None: itself)."""
        rows = [(s.short_name, [self[f"s_{code}_{s.pk}"] for code in self.CENTRES]) for s in self.streams]
        return [
            *rows,
            *(
                (
                    f"間接部門{other}",
                    [self[f"c_{code}_{other}"] if code != other else None for code in self.CENTRES],
                )
                for other in self.CENTRES
            ),
        ]

    def centres(self) -> list[Centre]:
        data, found = self.cleaned_data, []
        named = [
            code for code in self.CENTRES if data.get(f"name_{code}") or data.get(f"yen_{code}") is not None
        ]
        for code in named:
            found.append(
                Centre(
                    code, data.get(f"name_{code}") or f"間接部門{code}", data.get(f"yen_{code}") or 0,
                    {s.pk: w for s in self.streams if (w := data.get(f"s_{code}_{s.pk}")) is not None},
                    {o: w for o in named if o != code and (w := data.get(f"c_{code}_{o}")) is not None},
                )
            )  # fmt: skip
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for code in self.CENTRES:
            if (
                data.get(f"name_{code}")
                and data.get(f"yen_{code}") is None
                and f"yen_{code}" not in self.errors
            ):
                self.add_error(f"yen_{code}", "費用を入力してください。0円なら0と入れます。")
        return data
