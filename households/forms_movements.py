"""Forms of what happens to a household, one for each kind."""

from __future__ import annotations

from typing import Any

from django import forms

from common.forms import BIRTH_HINT, KyoseiForm, PhoneField, RequestKeyField, WarekiDateField
from households.actions.movements import Moved
from households.enums import MovementKind, Relation, Sex
from households.models import Person


class MovementForm(KyoseiForm):
    """The day, the people, a note. ``people`` are those who may be chosen, with their age or a word."""

    request_key = RequestKeyField()
    on = WarekiDateField(label="異動日")
    people = forms.TypedMultipleChoiceField(
        label="だれが", coerce=int, widget=forms.CheckboxSelectMultiple, required=False
    )
    note = forms.CharField(
        label="補足", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    people_label = "だれが"

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "people" in self.fields:
            self.fields["people"].choices = [(p.pk, p.display_name) for p in people]  # type: ignore[attr-defined]
            self.fields["people"].label = self.people_label

    def moved(self) -> Moved:
        data = self.cleaned_data
        return Moved(
            on=data["on"], people=tuple(data.get("people") or ()), note=data["note"], request_key=data["request_key"]
        )  # fmt: skip


class PlaceForm(MovementForm):
    """A household that moves as a whole."""

    people = None  # type: ignore[assignment]
    postal_code = forms.CharField(label="郵便番号", max_length=8, required=False)
    address = forms.CharField(label="新しい住所", max_length=200)
    phone = PhoneField(label="電話（変わったとき）", required=False)


class SplitForm(MovementForm):
    people_label = "新しい世帯に入る人"
    head = forms.TypedChoiceField(
        label="新しい世帯の本人", coerce=int, required=False, empty_value=None,
        help_text="選ばなければ、上で選んだ最初の人",
    )  # fmt: skip
    postal_code = forms.CharField(label="郵便番号", max_length=8, required=False)
    address = forms.CharField(
        label="新しい世帯の住所",
        max_length=200,
        required=False,
        help_text="空欄なら、いまの住所のまま（住民票だけの世帯分離）",
    )
    phone = PhoneField(label="電話", required=False)

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, people=people, **kwargs)
        self.fields["head"].choices = [("", "選んだ最初の人"), *((p.pk, p.display_name) for p in people)]  # type: ignore[attr-defined]


class JoinForm(MovementForm):
    people_label = "ほかの世帯に移る人"
    person = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)
    person_text = forms.CharField(label="移る先の世帯の人", max_length=120, required=False)


class MoveOutForm(MovementForm):
    people_label = "転出する人"
    postal_code = forms.CharField(label="転出先の郵便番号", max_length=8, required=False)
    address = forms.CharField(
        label="転出先の住所", max_length=200, required=False, help_text="世帯の全員が転出するときに残します"
    )
    phone = PhoneField(label="電話（変わったとき）", required=False)


class BirthForm(MovementForm):
    people_label = "実の親（2人まで）"
    family_name = forms.CharField(label="姓", max_length=60, required=False)
    given_name = forms.CharField(label="名", max_length=60, required=False)
    family_kana = forms.CharField(label="せい", max_length=60, required=False)
    given_kana = forms.CharField(label="めい", max_length=60, required=False)
    sex = forms.ChoiceField(label="性別", choices=Sex.choices, required=False)
    relation = forms.ChoiceField(
        label="続柄（本人から見て）", choices=Relation.choices, initial=Relation.CHILD
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].label = "生まれた日"
        self.fields["on"].help_text = BIRTH_HINT


class DeathForm(MovementForm):
    people_label = "亡くなった人"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].label = "亡くなった日"


class TwoForm(MovementForm):
    people_label = "2人"


FORMS: dict[MovementKind, type[MovementForm]] = {
    MovementKind.SPLIT: SplitForm,
    MovementKind.JOIN: JoinForm,
    MovementKind.MOVE: PlaceForm,
    MovementKind.MOVE_IN: PlaceForm,
    MovementKind.MOVE_OUT: MoveOutForm,
    MovementKind.BIRTH: BirthForm,
    MovementKind.DEATH: DeathForm,
    MovementKind.FACILITY_IN: MovementForm,
    MovementKind.FACILITY_OUT: MovementForm,
    MovementKind.APART: MovementForm,
    MovementKind.TOGETHER: MovementForm,
    MovementKind.MARRIAGE: TwoForm,
    MovementKind.DIVORCE: TwoForm,
}
# what happens in the words of the desk, under the name of the kind
HINTS: dict[MovementKind, str] = {
    MovementKind.SPLIT: "選んだ人が、その日から新しい世帯になります。この世帯を自機関の職務で見ている機関は、新しい世帯も見られます。",
    MovementKind.JOIN: "選んだ人が、その日からほかの世帯に加わります。両方の世帯を見られる人だけが記録できます。",
    MovementKind.MOVE: "世帯の全員が市内で移ったとき。前の住所は、その日までの住所として残ります。",
    MovementKind.MOVE_IN: "世帯の全員が市外から移ってきたとき。前の住所は、その日までの住所として残ります。",
    MovementKind.MOVE_OUT: "市外に移ったとき。残る人がいれば、選んだ人だけが世帯を離れます。",
    MovementKind.BIRTH: "子を世帯に加え、選んだ親との親子関係を記録します。",
    MovementKind.DEATH: "その日で世帯員の期間が終わります。ケースは残り、主担当に知らせます。",
    MovementKind.FACILITY_IN: "世帯員のまま、その日から同居ではなくなります。",
    MovementKind.FACILITY_OUT: "その日から、また同居になります。",
    MovementKind.APART: "世帯員のまま、その日から別の所に住みます（進学・単身赴任など）。",
    MovementKind.TOGETHER: "別居していた人が、その日からまた同居します。",
    MovementKind.MARRIAGE: "世帯の2人が婚姻したとき。",
    MovementKind.DIVORCE: "世帯の2人が離婚したとき。離れて暮らすなら、続けて「世帯分離」か「転出」を記録します。",
}


class WithdrawForm(KyoseiForm):
    reason = forms.CharField(label="取り消す理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
