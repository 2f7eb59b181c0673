"""Forms of households, people, members and kinship."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import Area
from common.forms import KyoseiForm, PhoneField, VersionField, WarekiDateField
from households.actions.members import MemberDays, member_days
from households.actions.persons import PersonData
from households.enums import FormerNameKind, KinshipKind, Relation, Sex
from households.models import HouseholdMember


class PersonFields(KyoseiForm):
    """A person; nothing is required."""

    family_name = forms.CharField(label="姓", max_length=60, required=False)
    given_name = forms.CharField(label="名", max_length=60, required=False)
    family_kana = forms.CharField(label="せい", max_length=60, required=False)
    given_kana = forms.CharField(label="めい", max_length=60, required=False)
    alias = forms.CharField(label="通称・仮名", max_length=60, required=False)
    birth_on = WarekiDateField(label="生年月日", required=False)
    birth_note = forms.CharField(
        label="生年月日の補足", max_length=60, required=False, help_text="不詳・80歳くらい など"
    )
    sex = forms.ChoiceField(label="性別", choices=Sex.choices, required=False)
    phone = PhoneField(label="電話", required=False)
    workplace = forms.CharField(label="職場・学校", max_length=100, required=False)

    def person_data(self) -> PersonData:
        """The cleaned fields of a person as the action wants them."""
        names = PersonData.__dataclass_fields__
        return PersonData(**{k: v for k, v in self.cleaned_data.items() if k in names})


class NewHouseholdForm(PersonFields):
    pass


class PersonForm(PersonFields):
    died_on = WarekiDateField(label="死亡日", required=False)
    note = forms.CharField(label="備考", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    version = VersionField()

    def __init__(self, *args: Any, hides_contact: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("phone", "workplace", "note") if hides_contact else ():
            del self.fields[name]


class FormerNameForm(KyoseiForm):
    """旧姓: the name or its reading; the given name only where it changed too; why, how known and when."""

    family_name = forms.CharField(label="旧姓", max_length=60, required=False)
    family_kana = forms.CharField(label="旧姓のふりがな", max_length=60, required=False)
    given_name = forms.CharField(label="以前の名", max_length=60, required=False)
    given_kana = forms.CharField(label="以前の名のふりがな", max_length=60, required=False)
    kind = forms.ChoiceField(label="変わったわけ", choices=FormerNameKind, initial=FormerNameKind.OTHER)
    reason = forms.CharField(label="どうして分かったか", max_length=200, required=False)
    from_on = WarekiDateField(label="いつから", required=False)
    until_on = WarekiDateField(label="いつまで", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="id_former_%s", **kwargs)


CONTACT_FIELDS = ("area", "postal_code", "address", "phone")


class HouseholdForm(KyoseiForm):
    name = forms.CharField(label="世帯名", max_length=100)
    area = forms.ModelChoiceField(
        label="圏域", queryset=Area.objects.none(), required=False, empty_label="未記録"
    )
    postal_code = forms.CharField(label="郵便番号", max_length=8, required=False)
    address = forms.CharField(label="住所", max_length=200, required=False)
    phone = PhoneField(label="電話", required=False)
    version = VersionField()

    def __init__(self, *args: Any, actor: Any, hides_contact: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = Area.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]
        for name in CONTACT_FIELDS if hides_contact else ():
            del self.fields[name]


class MemberForm(PersonFields):
    """A known person (``person``) or a new one, with the place in the household."""

    person = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)
    person_text = forms.CharField(label="登録のある人", max_length=120, required=False)
    relation = forms.ChoiceField(
        label="続柄（本人から見て）", choices=Relation.choices, initial=Relation.UNKNOWN
    )
    lives_together = forms.BooleanField(label="同居している", required=False, initial=True)
    is_key_person = forms.BooleanField(label="キーパーソン", required=False)
    since = WarekiDateField(label="加わった日", required=False, help_text="わからなければ空欄")


class MemberEditForm(KyoseiForm):
    """One row of the list; its days are asked beside it, the last one where somebody has left."""

    relation = forms.ChoiceField(label="続柄", choices=Relation.choices)
    lives_together = forms.BooleanField(label="同居している", required=False)
    is_key_person = forms.BooleanField(label="キーパーソン", required=False)
    first_on = WarekiDateField(label="加わった日", required=False)
    last_on = WarekiDateField(label="最後の日", required=False)
    shown_first = WarekiDateField(required=False, widget=forms.HiddenInput)
    shown_last = WarekiDateField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, member: HouseholdMember, **kwargs: Any) -> None:
        first, last = member_days(member)
        names = ("relation", "lives_together", "is_key_person")
        initial = {name: getattr(member, name) for name in names}
        days = {
            name: day.isoformat() if day else ""
            for name, day in (("shown_first", first), ("shown_last", last))
        }
        initial |= {"first_on": first, "last_on": last} | days
        super().__init__(*args, initial=initial, auto_id=f"member{member.pk}_%s", **kwargs)
        for name in ("relation", "first_on", "last_on"):
            words = f"{member.person.display_name}の{self.fields[name].label}"
            attrs = {"class": "input", "aria-label": words, "form": f"member{member.pk}"}
            self.fields[name].widget.attrs |= attrs
        self.fields["first_on"].widget.attrs["placeholder"] = "R8.4.1"
        self.fields["relation"].widget.attrs["autofocus"] = True
        if last is None:
            del self.fields["last_on"]

    def correction(self) -> dict[str, Any]:
        """What the action wants; a form without the days leaves them."""
        said = {name: self.cleaned_data[name] for name in ("relation", "lives_together", "is_key_person")}
        if "first_on" not in self.data:
            return said
        shown = self.cleaned_data["shown_first"], self.cleaned_data["shown_last"]
        last_on = self.cleaned_data["last_on"] if "last_on" in self.fields else shown[1]
        return said | {"days": MemberDays(self.cleaned_data["first_on"], last_on, shown)}


class MemberEndForm(KyoseiForm):
    last_on = WarekiDateField(label="世帯を離れた日")


class KinshipForm(KyoseiForm):
    """``person`` is the ``kind`` of ``relative``: people of this household's page, the second also of another home."""

    person = forms.TypedChoiceField(label="だれが", coerce=int)
    relative = forms.TypedChoiceField(label="だれの", coerce=int, required=False, empty_value=None)
    elsewhere = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    elsewhere_text = forms.CharField(label="別の世帯の人", max_length=120, required=False)
    kind = forms.ChoiceField(label="関係", choices=KinshipKind.choices)
    note = forms.CharField(label="補足", max_length=100, required=False)
    is_sure = forms.BooleanField(label="この年齢差でまちがいない", required=False)

    def __init__(self, *args: Any, people: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(p.pk, p.display_name) for p in people]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]
        self.fields["relative"].choices = [*choices, ("", "別の世帯の人")]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("relative") is None and data.get("elsewhere") is None and "relative" not in self.errors:
            self.add_error("elsewhere_text", "別の世帯の人を探して選ぶか、この世帯の人を選んでください。")
        return data


class HouseholdFilter(KyoseiForm):
    q = forms.CharField(label="氏名・ふりがな・世帯名", max_length=60, required=False)
    area = forms.ModelChoiceField(
        label="圏域", queryset=Area.objects.none(), required=False, empty_label="すべて"
    )

    def __init__(self, *args: Any, actor: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = Area.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]
