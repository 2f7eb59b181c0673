"""Forms of assignments, studies and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from django import forms

from accounts.models import Agency, Staff
from budgets.enums import StudySampling
from budgets.models import FundingStream
from common.forms import KyoseiForm, WarekiDateField, WarekiMonthField
from common.japan.numbers import to_ascii_digits

People = Sequence[tuple[Staff, Agency]]


def parse_fraction(text: str) -> Fraction:
    """「1/2」「0.5」「38.5%」 as an exact fraction; ValueError with a Japanese sentence."""
    plain = to_ascii_digits(text).replace("％", "%").replace("／", "/").replace(" ", "").replace("　", "")
    try:
        value = Fraction(plain.removesuffix("%"))
    except (ValueError, ZeroDivisionError):
        raise ValueError("割合として読めません。「1/2」「38.5%」のように入力してください。") from None
    return value / 100 if plain.endswith("%") else value


class FractionField(forms.CharField):
    """An exact fraction; cleans to ``Fraction`` or ``None``."""

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return parse_fraction(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class PeopleForm(KyoseiForm):
    """A form that chooses among workers who record their work, each with the agency of the day."""

    def __init__(self, *args: Any, people: People, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {staff.pk: (staff, agency) for staff, agency in people}
        self.choices = [(staff.pk, f"{staff.name}（{agency.short_name}）") for staff, agency in people]


class AssignmentForm(PeopleForm):
    staff = forms.TypedChoiceField(label="職員", coerce=int)
    stream = forms.TypedChoiceField(
        label="専従の財源", coerce=int, required=False, empty_value=None, help_text="空欄なら兼務です"
    )
    first_on = WarekiDateField(label="始まりの日")
    last_on = WarekiDateField(label="終わりの日", required=False, help_text="空欄なら、変えるまで続きます")
    qualification = forms.CharField(
        label="資格", max_length=60, required=False, help_text="例：保健師、社会福祉士、主任介護支援専門員"
    )
    fte = FractionField(label="常勤換算", initial="1", help_text="例：1、0.5、3/5")

    def __init__(self, *args: Any, streams: Sequence[FundingStream], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].choices = [("", "選んでください"), *self.choices]  # type: ignore[attr-defined]
        self.streams = {s.pk: s for s in streams}
        self.fields["stream"].choices = [("", "兼務"), *((s.pk, s.name) for s in streams)]  # type: ignore[attr-defined]


class StudyForm(PeopleForm):
    name = forms.CharField(label="名称", max_length=80, help_text="例：令和8年度 共生型センターの業務調査")
    sampling = forms.ChoiceField(label="調べ方", choices=StudySampling.choices)
    starts_on = WarekiDateField(label="調査の初日")
    ends_on = WarekiDateField(label="調査の末日")
    covers_from = WarekiMonthField(label="使う最初の月")
    covers_to = WarekiMonthField(label="使う最後の月")
    moments_each = forms.IntegerField(
        label="1人に尋ねる時点の数",
        required=False,
        min_value=1,
        max_value=400,
        help_text="無作為の時点で調べるときだけ",
    )
    level = forms.TypedChoiceField(
        label="信頼水準", coerce=int, choices=[(95, "95%"), (90, "90%"), (99, "99%")]
    )
    basis = forms.CharField(label="根拠（決裁など）", max_length=200)
    members = forms.TypedMultipleChoiceField(
        label="調査に加わる職員", coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].choices = self.choices  # type: ignore[attr-defined]


class SampleSizeForm(KyoseiForm):
    """The helper beforehand: how many moments to ask."""

    margin = FractionField(label="許す誤差", initial="5%", help_text="例：5%")
    expected = FractionField(
        label="見込みの割合", initial="50%", help_text="分からなければ50%（いちばん多く必要）"
    )
    response_rate = FractionField(label="見込みの回答率", initial="80%")


class ReasonForm(KyoseiForm):
    answer = forms.CharField(
        label="理由", max_length=300, error_messages={"required": "理由を入力してください。"},
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip
